import assert from "node:assert/strict";
import { after, before } from "node:test";
import app from "../fixtures/one-shape-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly id: string;
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Answer> {
  const id = crypto.randomUUID();
  const response = await fetch(server.url + path, { headers: { ...headers, "x-request-id": id } });
  return { status: response.status, json: await response.json(), id };
}

interface LoggedError {
  readonly message: string;
  readonly stack: string;
}

/** The error that the log has of a request. */
async function logged({ id }: Answer): Promise<LoggedError> {
  const { err } = await server.logged(({ reqId, err }) => reqId === id && err !== undefined);
  return err as LoggedError;
}

eachLane("one shape: a handler for every error answers whatever is thrown", async (lane) => {
  for (const [what, message] of [
    ["text", "only a text"],
    ["object", '{"only":"an object"}'],
    ["nothing", "undefined"],
  ]) {
    const answer = await ask(`/${lane}/throws/${what}`);
    assert.deepEqual([answer.status, answer.json], [500, { shape: message }]);
    assert.ok((await logged(answer)).message.startsWith(String(message)));
  }
});

eachLane("one shape: error handlers answer for a file that cannot be sent", async (lane) => {
  const missing = await ask(`/${lane}/no-file`);
  assert.equal(missing.status, 500);
  assert.match((missing.json as { shape: string }).shape, /^Cannot send .*no-such-file\.pdf/);
  assert.match((await logged(missing)).message, /no-such-file/);
  const beyond = await ask(`/${lane}/file`, { range: "bytes=1000000-" });
  assert.deepEqual([beyond.status, beyond.json], [416, { shape: "Range Not Satisfiable", status: 416 }]);
  const changed = await ask(`/${lane}/file`, { "if-match": '"another"' });
  assert.deepEqual([changed.status, changed.json], [412, { shape: "Precondition Failed", status: 412 }]);
});

eachLane("one shape: error handlers answer for a header that cannot be sent", async (lane) => {
  const { status, json } = await ask(`/${lane}/header`);
  assert.deepEqual([status, Object.keys(json as object)], [500, ["shape"]]);
});

eachLane("an error handler that throws: the log has both errors, the first as the cause", async (lane) => {
  const failed = await ask(`/${lane}/throws/unanswerable`);
  assert.deepEqual([failed.status, failed.json], [500, { detail: "Internal Server Error" }]);
  const { message, stack } = await logged(failed);
  assert.match(message, /^Expected property name.*JSON/);
  assert.match(stack, /SyntaxError: Expected property name[\s\S]*caused by: Error: the first error/);
  const turned = await ask(`/${lane}/throws/turned`);
  assert.deepEqual([turned.status, turned.json], [503, { detail: "later" }]);
  assert.match((await logged(turned)).stack, /HTTPError: later[\s\S]*caused by: Error: the first error/);
  const again = await ask(`/${lane}/throws/again`);
  assert.equal(again.status, 500);
  assert.doesNotMatch((await logged(again)).stack, /caused by/);
});
