import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import app, { mistakes } from "../fixtures/reply-mistakes-app.ts";
import { eachLane, type LogEntry, type Running, running } from "../fixtures/running.ts";

const fixture = "test/fixtures/reply-mistakes-app.ts";
let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

/** The errors logged for an operation, by the time its answer is there. */
function errorsOf(id: string): LogEntry[] {
  return server.log.filter(({ level, operation }) => level === 50 && operation === id);
}

interface Shown {
  readonly code: string;
  readonly message: string;
}

const others: Readonly<Record<string, RegExp>> = {
  planned: /set response\.status: expected a status from 200 to 599, got 99\n/,
  chunks: /send a stream of GET \/\w+\/chunks: expected chunks of text or bytes, got number\n/,
  length:
    /send the body of GET \/\w+\/length: expected a number of bytes as its content-length, got "short"\n/,
};

const said = Object.entries(mistakes).map(([what, [, says]]) => [what, says] as const);
for (const [what, says] of [...said, ...Object.entries(others)])
  eachLane(`an answer made wrongly is a 500, and the log says once what and where: ${what}`, async (lane) => {
    const path = `/${lane}/${what}`;
    const answer = await fetch(server.url + path);
    assert.equal(answer.status, 500);
    assert.deepEqual(await answer.json(), { detail: "Internal Server Error" });
    const errors = errorsOf(`GET ${path}`).map(({ err }) => err as Shown);
    assert.equal(errors.length, 1, JSON.stringify(errors));
    const [{ code, message }] = errors as [Shown];
    assert.equal(code, "OFFLOOP_REPLY_INVALID");
    assert.match(message, says);
    assert.match(message, /\n {2}at test\/fixtures\/(reply-mistakes-app|twins)\.ts:\d+:\d+\n {2}fix \w/);
    assert.doesNotMatch(message, /secret/);
  });

for (const form of ["whole", "loop/closes", "thread/closes"])
  test(`a close code that may not be sent closes the socket with 1011, and the log says where it was given: ${form}`, async () => {
    const log = memoryLog();
    await using client = await testClient(app, { logger: log.logger });
    await using socket = await client.websocket(`/${form}`);
    socket.send("code");
    assert.deepEqual(await socket.closed, { code: 1011, reason: "" });
    const said = await log.find(new RegExp(`^WEBSOCKET /${form}.* failed: `));
    assert.match(said, new RegExp(`got 1005\\n {2}at ${fixture}:\\d+:\\d+\\n {2}fix use 1008`));
  });
