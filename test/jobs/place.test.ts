import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type Log, settings } from "offloop";
import { z } from "zod";
import { resolveSettings } from "../../src/app/settings/settings.ts";
import { sayKept } from "../../src/jobs/embedded/place.ts";

const { DATABASE_URL } = process.env;
after(() => {
  if (DATABASE_URL !== undefined) process.env.DATABASE_URL = DATABASE_URL;
});
delete process.env.DATABASE_URL;

/** What is said, and how loudly. */
function said(jobs: { url?: string; dir?: string }): string {
  const lines: string[] = [];
  const say = (level: string) => (what: unknown) => void lines.push(`${level}: ${String(what)}`);
  const log = { info: say("info"), warn: say("warn") } as unknown as Log;
  sayKept(resolveSettings({ jobs }).jobs, log);
  assert.equal(lines.length, 1);
  return lines[0] as string;
}

const password = "s3cret";
for (const [url, where] of Object.entries({
  [`postgresql://ada:${password}@db.internal:5433/shop`]:
    "PostgreSQL, database shop on db.internal:5433, schema offloop",
  [`postgres:///shop?host=/run/postgresql&password=${password}`]:
    "PostgreSQL, database shop on /run/postgresql, schema offloop",
  [`postgres://ada@${password}@db/shop`]: "PostgreSQL, database shop on db, schema offloop",
  [`postgres://ada:12/${password}@db/shop`]: "PostgreSQL, schema offloop",
  [`postgres://ada:12#${password}@db/shop`]: "PostgreSQL, schema offloop",
  [`postgres://ada:1?2${password}@db/shop`]: "PostgreSQL, schema offloop",
  [`postgres://ada:${password}@a:1,b:2/shop`]: "PostgreSQL, schema offloop",
})) {
  test(`a start says in which database the jobs are kept, and nothing of who logs in [${url}]`, () => {
    assert.equal(said({ url }), `info: jobs are kept in ${where}`);
  });
}

test("a start warns of a DATABASE_URL that settings() has read and the jobs have not, unless a folder is meant", (t) => {
  assert.match(said({}), /^info: jobs are kept in the folder \S+jobs$/);
  const read = (text: string): void => {
    process.env.DATABASE_URL = text;
    t.after(() => delete process.env.DATABASE_URL);
    settings({ DATABASE_URL: z.string() });
    delete process.env.DATABASE_URL;
  };
  read("mysql://ada@db/shop");
  assert.match(said({}), /^info: /);
  read(`postgres://ada:${password}@db/shop`);
  assert.match(
    said({}),
    /^warn: jobs are kept in the folder \S+jobs, not in the PostgreSQL of the DATABASE_URL that settings\(\) has read at test\/jobs\/place\.test\.ts:\d+:\d+, .*; pass it on: new App\(\{ jobs: \{ url: env\.DATABASE_URL \} \}\)/,
  );
  assert.doesNotMatch(said({}), new RegExp(password));
  assert.match(said({ dir: "own" }), /^info: jobs are kept in the folder \S+own$/);
  assert.match(
    said({ url: "postgres://db/shop" }),
    /^info: jobs are kept in PostgreSQL, database shop on db/,
  );
});
