import assert from "node:assert/strict";
import { test } from "node:test";
import app from "../fixtures/apps/asks-jobs.ts";
import { restarted } from "../fixtures/database-proxies.ts";
import { postgres, withoutPostgres } from "../fixtures/databases.ts";
import { running } from "../fixtures/running.ts";

test("while the database is away, what needs jobs answers 503 on either lane, and works again once it is back", {
  skip: withoutPostgres(),
  timeout: 120_000,
}, async (t) => {
  const server = await postgres();
  await using database = await restarted(server.url);
  const served = await running(app, { work: false, jobs: { url: database.url } });
  t.after(() => served.close());
  const ask = async (method: string, path: string): Promise<[number, string | null]> => {
    const response = await fetch(`${served.url}${path}`, { method });
    await response.arrayBuffer();
    return [response.status, response.headers.get("retry-after")];
  };
  assert.deepEqual(await ask("POST", "/thread"), [200, null]);
  await database.stop();
  const away = [
    ["POST", "/loop"],
    ["POST", "/thread"],
    ["GET", "/jobs"],
    ["GET", "/follow"],
  ] as const;
  for (const [method, path] of away) assert.deepEqual([path, ...(await ask(method, path))], [path, 503, "5"]);
  const { err } = await served.logged(
    ({ err }) => (err as { code?: string })?.code === "OFFLOOP_JOBS_UNREACHABLE",
  );
  assert.match(String((err as { message?: string }).message), /^Cannot reach the database of the jobs: /);
  await database.start();
  assert.deepEqual(await ask("POST", "/loop"), [200, null]);
  assert.deepEqual(await ask("POST", "/thread"), [200, null]);
});
