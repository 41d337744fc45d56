import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { type EmbeddedMessage, Session } from "../../src/jobs/embedded/embedded-thread.ts";

test("Session: a transaction that cannot begin keeps nobody else waiting", { timeout: 60_000 }, async () => {
  const { port1, port2 } = new MessageChannel();
  const pg = await PGlite.create();
  await pg.close();
  const session = new Session(pg, port1);
  await session.take({ id: 1, begin: 1 });
  await session.take({ id: 2, text: "select 1", values: undefined });
  port1.close();
  const answers: EmbeddedMessage[] = [];
  port2.on("message", (answer: EmbeddedMessage) => answers.push(answer));
  await once(port2, "close");
  assert.deepEqual(
    answers.map((answer) => "id" in answer && answer.id),
    [1, 2],
  );
});
