import assert from "node:assert/strict";
import { test } from "node:test";
import { type Command, commandWith, fixture, offloopWith } from "../fixtures/cli.ts";

const app = fixture("starting-app.ts");
// Nobody is asked for these jobs: the lifespans come first.
const DATABASE_URL = "postgresql://127.0.0.1:1/none";

const starts: [string, (environment: Record<string, string>) => Command][] = [
  ["serve()", (environment) => commandWith(environment, fixture("starting-server.ts"))],
  ["offloop run", (environment) => offloopWith(environment, "run", app, "--port", "0")],
  [
    "offloop run --workers",
    (environment) => offloopWith(environment, "run", app, "--port", "0", "--workers", "1"),
  ],
  ["offloop work", (environment) => offloopWith(environment, "work", app)],
  ["offloop jobs drain", (environment) => offloopWith(environment, "jobs", app, "drain")],
  ["offloop dev", (environment) => offloopWith(environment, "dev", app, "--port", "0")],
];

function said(output: string): string[] {
  return output
    .split("\n")
    .flatMap((line) => /(?:first|second|third) \w+|listens on|told of/.exec(line)?.[0] ?? []);
}

for (const [name, start] of starts) {
  test(`${name}: a SIGTERM while a lifespan opens closes it and those before it, and opens no more`, async (t) => {
    const command = start({ DATABASE_URL, STARTS: "late" });
    t.after(() => command.child.kill("SIGKILL"));
    await command.line(/second opens/);
    command.child.kill("SIGTERM");
    const { code, output } = await command.ended();
    assert.deepEqual(
      said(output),
      ["first open", "second opens", "second open", "second closed", "first closed"],
      output,
    );
    assert.equal(code, 0);
  });

  test(`${name}: a SIGTERM while a lifespan never opens closes those before it after the grace`, async (t) => {
    const command = start({ DATABASE_URL, STARTS: "never" });
    t.after(() => command.child.kill("SIGKILL"));
    await command.line(/second opens/);
    command.child.kill("SIGTERM");
    const { code, output } = await command.ended();
    assert.deepEqual(said(output), ["first open", "second opens", "first closed"], output);
    assert.match(output, /abandoned the start: it did not come to its next step within 100 ms/);
    assert.equal(code, 0);
  });
}
