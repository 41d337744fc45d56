import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Measured } from "../../examples/08-pairs/client/measure.ts";
import { withoutMariadb, withoutPostgres } from "../fixtures/databases.ts";

interface Report {
  readonly held: boolean;
  readonly servers: { readonly postgres: string; readonly mysql?: string };
  readonly measured: readonly Measured[];
}

const main = fileURLToPath(new URL("../../examples/08-pairs/client/main.ts", import.meta.url));

/** Measures with short waits. */
async function pairs(...options: string[]): Promise<Report> {
  const args = ["--conditions=offloop:source", main, "--seconds", "0.4", "--json", ...options];
  const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>(
    (resolve) => {
      const child = execFile(process.execPath, args, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
      );
    },
  );
  assert.notEqual(stdout, "", stderr);
  const report = JSON.parse(stdout) as Report;
  const failed = report.measured.filter(({ expected }) => expected.some(({ held }) => !held));
  assert.deepEqual(failed, []);
  assert.equal(code, 0);
  assert.equal(report.held, true);
  return report;
}

/** The names of the traps that both the guard and the watchdog named. */
function named({ measured }: Report): string[] {
  return measured.flatMap(({ way, guard, watchdog }) =>
    way.trap !== undefined && guard?.at === watchdog?.at ? [way.path] : [],
  );
}

const traps = ["/http/trap", "/s3/trap", "/fifo/trap", "/disk/trap", "/postgres/trap"];
const last = ["/sqlite/trap", "/sqlite/trap-better", "/background/trap"];

test("npm run pairs holds every expectation on real servers, each trap named with its line by guard and watchdog", {
  skip: withoutPostgres() || withoutMariadb(),
}, async () => {
  const report = await pairs();
  assert.match(report.servers.postgres, /^PostgreSQL \d/);
  assert.match(report.servers.mysql ?? "", /^MariaDB \d/);
  assert.equal(report.measured.length, 35);
  assert.deepEqual(named(report), [...traps, "/mysql/trap", ...last]);
});

test("npm run pairs measures without servers what it can, and says what it left out", async () => {
  const report = await pairs("--without-servers");
  assert.deepEqual(report.servers, { postgres: "PGlite" });
  assert.equal(report.measured.length, 30);
  assert.deepEqual(named(report), [...traps, ...last]);
});
