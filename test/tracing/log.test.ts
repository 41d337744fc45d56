import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogEntry, lanes } from "../fixtures/running.ts";
import { tracedServer } from "../fixtures/traced-server.ts";

for (const lane of lanes) {
  const operation = `GET /${lane}/logged`;

  test(`lines of the log name their trace and the span they were written in [${lane}]`, async (t) => {
    const { client, spans, server } = await tracedServer(t, { accessLog: true });
    await client.ask(`/${lane}/logged`);
    const [request, inner, task] = await Promise.all(
      [operation, "in a span", "task noting"].map((name) => spans.until(name)),
    );
    const run = lane === "loop" ? request : await spans.until(`thread ${operation}`);
    const idsOf = async (message: string): Promise<unknown> => {
      const { trace_id, span_id } = await server.logged(({ msg }: LogEntry) => msg === message);
      return [trace_id, span_id];
    };
    const trace = request?.trace;
    assert.deepEqual(await idsOf("in the handler"), [trace, run?.id]);
    assert.deepEqual(await idsOf("in a span"), [trace, inner?.id]);
    assert.deepEqual(await idsOf("in a task"), [trace, task?.id]);
    assert.deepEqual(await idsOf(`${operation} 200`), [trace, request?.id]);
  });

  test(`what fails is logged with its trace [${lane}]`, async (t) => {
    const { client, spans, server } = await tracedServer(t);
    await client.ask(`/${lane}/broken`);
    const { trace } = await spans.until(`GET /${lane}/broken`);
    const { trace_id } = await server.logged(
      ({ level, operation: id }) => level === 50 && id === `GET /${lane}/broken`,
    );
    assert.equal(trace_id, trace);
  });
}

test("a line that belongs to no request names no span", async (t) => {
  const { client, server } = await tracedServer(t, { accessLog: true });
  await client.ask("/nowhere");
  const { trace_id } = await server.logged(({ url }) => url === "/nowhere");
  assert.equal(trace_id, undefined);
});
