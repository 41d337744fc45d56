import assert from "node:assert/strict";
import { once } from "node:events";
import { Writable } from "node:stream";
import { test } from "node:test";
import { serve } from "offloop";
import { pino } from "pino";
import app, { entered, held, user } from "../fixtures/async-context-app.ts";
import { createClient } from "../fixtures/client.ts";
import { eachLane, running } from "../fixtures/running.ts";

/** So many quick calls in a row that several are then handed to a thread at once. */
const ROUNDS = 20;
const AT_ONCE = 40;

eachLane("what a request has entered is not there in the next one", async (lane) => {
  const server = await running(app, { accessLog: false });
  const client = createClient(server.url);
  const before: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const asked = Array.from({ length: AT_ONCE }, (_, n) => client.ask(`/${lane}/enter/${round}-${n}`));
    before.push(...(await Promise.all(asked)).map(({ body }) => body.toString()));
  }
  client.close();
  await server.close();
  assert.deepEqual(new Set(before), new Set(['"nobody"']));
});

test("what a task has entered on a thread is neither in the next one nor with its caller", async () => {
  const server = await running(app, { accessLog: false });
  const before: string[] = [];
  for (let round = 0; round < ROUNDS; round++)
    before.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => entered(`${n}`)))));
  const answer = await (await fetch(`${server.url}/awaits/me`)).json();
  await server.close();
  assert.deepEqual(new Set(before), new Set(["nobody"]));
  assert.equal(answer, "nobody, then me");
});

test("a thread's log lines are in no request's context, whichever it was started for", async () => {
  const said: string[] = [];
  const lines = new Writable({
    write(line: Buffer, _encoding, done) {
      const { msg, user: whose } = JSON.parse(line.toString()) as { msg: string; user: string };
      said.push(`${msg}: ${whose}`);
      done();
      lines.emit("line");
    },
  });
  const logger = pino({ mixin: () => ({ user: user.getStore() ?? "nobody" }) }, lines);
  held.reset();
  const server = await serve(app, { port: 0, signals: false, accessLog: false, logger, threads: { max: 2 } });
  const client = createClient(server.url);
  // Called in the context of a request, as it were: while it runs, a second thread is started.
  await user.run("whoever came first", () => entered("another"));
  const first = client.ask("/said/first");
  await held.arrived(1);
  const second = client.ask("/said/second"); // by the other thread
  while (said.length < 2) await once(lines, "line");
  held.open();
  await Promise.all([first, second]);
  client.close();
  await server.close();
  assert.deepEqual(said, ["first: nobody", "second: nobody"]);
});
