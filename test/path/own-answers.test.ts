import assert from "node:assert/strict";
import { test } from "node:test";
import { App, OffloopError } from "offloop";
import { testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import app from "../fixtures/own-answers-app.ts";
import { eachLane, running } from "../fixtures/running.ts";

for (const handling of ["async", "plain"]) {
  eachLane(`an error that an ${handling} handler answers with a 500 is logged`, async (lane) => {
    const log = memoryLog();
    await using client = await testClient(app, { logger: log.logger });
    const answer = await client.get(`/${handling}/${lane}/fails`, { headers: { accept: "text/html" } });
    assert.deepEqual([answer.status, await answer.json()], [500, { own: handling }]);
    await log.find(new RegExp(`^GET /${handling}/${lane}/fails failed: the disk is on fire$`));
  });

  eachLane(`an error that an ${handling} handler answers with a 409 is not logged`, async (lane) => {
    const log = memoryLog();
    await using client = await testClient(app, { logger: log.logger });
    const answer = await client.get(`/${handling}/${lane}/sold`);
    assert.deepEqual([answer.status, await answer.json()], [409, { message: "no tea left" }]);
    await client.get(`/${handling}/${lane}/fails`);
    await log.find(/failed: the disk/);
    assert.equal(await Promise.race([log.find(/no tea left/), "not logged"]), "not logged");
  });

  eachLane(`the answer of an ${handling} handler has the headers of the HTTPError`, async (lane) => {
    await using client = await testClient(app);
    const answer = await client.get(`/${handling}/${lane}/refused`);
    assert.deepEqual([answer.status, await answer.json()], [402, { detail: "Pay first" }]);
    assert.deepEqual([answer.headers.get("x-price"), answer.headers.get("x-shop")], ["7", "handler"]);
  });

  eachLane(`a 405 that an ${handling} handler answers says what is allowed`, async (lane) => {
    await using client = await testClient(app);
    const answer = await client.post(`/${handling}/${lane}/fails`);
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "GET, HEAD"]);
  });
}

for (const handling of ["async", "plain", "unhandled"])
  eachLane(
    `an HTTPError of 500 and up is in the log with its cause, which its client never sees [${handling}]`,
    async (lane) => {
      const server = await running(app);
      try {
        const answer = await fetch(`${server.url}/${handling}/${lane}/away`, {
          headers: { accept: "text/html" },
        });
        assert.deepEqual([answer.status, await answer.json()], [503, { detail: "The database is away" }]);
        assert.equal(answer.headers.get("retry-after"), "1");
        const { err } = await server.logged(({ msg }) =>
          String(msg).endsWith("failed: The database is away"),
        );
        assert.match(
          JSON.stringify(err),
          /HTTPError: The database is away.*caused by: Error: terminated by the administrator/,
        );
        assert.ok(!Object.hasOwn(err as object, "isAnswered"), "which is ours, not the error's");
      } finally {
        await server.close();
      }
    },
  );

test("onError(Error): an error with an answer of its own keeps its status and its Retry-After", async () => {
  const own = new App();
  own.onError(Error, async ({ message }) => ({ message }));
  own.get("/", async () => {
    throw new OffloopError("OFFLOOP_JOBS_UNREACHABLE", "away", { fix: "wait", retryAfterS: 5 });
  });
  await using client = await testClient(own);
  const { status, headers } = await client.get("/");
  assert.deepEqual([status, headers.get("retry-after")], [503, "5"]);
});
