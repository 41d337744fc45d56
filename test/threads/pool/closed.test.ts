import assert from "node:assert/strict";
import { test } from "node:test";
import { barePool } from "../../fixtures/bare-pool.ts";

test("pool.runOn() settles a call about what a thread holds open, also once the pool is closed", async () => {
  const location = { file: "app.ts", line: 1, column: 1 };
  const pool = barePool({ works: [{ id: "GET /", location }] });
  await pool.close();
  const errors: unknown[] = [];
  const thread = { hold: () => {}, release: () => {}, beginStream: () => {}, endStream: () => {} };
  const settle = (error: unknown): void => void errors.push(error);
  pool.runOn(thread, { work: 0, payload: undefined, timeoutMs: undefined, waiter: undefined, settle });
  assert.equal(errors.length, 1);
  assert.match(
    String(errors[0]),
    /Cannot finish GET \/: its thread ended: the server closed\n.*\n {2}fix let it end within shutdownGraceMs/,
  );
});

test("pool.close() while the only thread loads the app: a waiting call learns that the server closed", async () => {
  const location = { file: "app.ts", line: 1, column: 1 };
  const pool = barePool({ works: [{ id: "GET /", location }] });
  const settled = new Promise<unknown>((settle) => {
    pool.run({
      class: "request",
      work: 0,
      payload: undefined,
      transfer: [],
      timeoutMs: undefined,
      record: undefined,
      waiter: undefined,
      settle,
    });
  });
  void pool.start().catch(() => {});
  await pool.close();
  assert.match(
    String(await settled),
    /Cannot finish GET \/: its thread ended: the server closed\n.*\n {2}fix let it end within shutdownGraceMs/,
  );
});
