import assert from "node:assert/strict";
import { once } from "node:events";
import { afterEach, beforeEach, test } from "node:test";
import type { RequestEvent } from "offloop";
import { listen, requestChannel } from "../../src/channels/channels.ts";
import type { RunRow } from "../../src/inspector/batch.ts";
import { Collector } from "../../src/inspector/collector.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";
import app, { going } from "../fixtures/shown-streams-app.ts";

let collector: Collector;
let server: Running;
let ends: EventTarget;
let stop: () => void;

beforeEach(async () => {
  going.reset();
  collector = new Collector();
  ends = new EventTarget();
  stop = listen(
    requestChannel,
    ({ event, request }: RequestEvent) => event === "end" && ends.dispatchEvent(new Event(request)),
  );
  server = await running(app, { shutdownGraceMs: 100 });
});
afterEach(async () => {
  stop();
  collector.close();
  await server.close();
});

/** Asks, and returns the response with what resolves once it is over for the server. */
async function ask(path: string, id: string): Promise<{ response: Response; over: Promise<unknown> }> {
  const over = once(ends as unknown as EventTarget, id);
  const response = await fetch(server.url + path, { headers: { "x-request-id": id } });
  return { response, over };
}

/** The runs that have produced chunks for a request. */
function produced(id: string): RunRow[] {
  const { rows } = collector.runs.since(0, 1_000);
  return rows.filter(([name, request]) => request === id && collector.names.list[name]?.kind === "stream");
}

const endOf = (id: string): unknown => collector.ends.slice(0).findLast(([request]) => request === id)?.[1];

eachLane("the production of a stream's chunks is a run on its lane, and its end is kept", async (lane) => {
  const { response, over } = await ask(`/${lane}/whole`, "whole");
  assert.equal(await response.text(), "first last");
  await over;
  const runs = produced("whole");
  assert.ok(runs.length > 0);
  for (const [name, , thread, , , , , outcome] of runs) {
    assert.equal(collector.names.list[name]?.name, `stream of GET /${lane}/whole`);
    assert.deepEqual([(thread ?? -1) > 0, outcome], [lane === "thread", 2]);
  }
  assert.ok(runs.reduce((ms, row) => ms + row[6], 0) >= 19);
  assert.equal(endOf("whole"), "sent");
  assert.deepEqual(
    collector.figures.since(0).map(({ calls }) => calls),
    [1],
  );
});

eachLane(
  "a stream that throws is an incident, its last run has failed, and its response broke off",
  async (lane) => {
    const { response, over } = await ask(`/${lane}/breaking`, "breaking");
    assert.equal(response.status, 200);
    going.arrive();
    await assert.rejects(response.text());
    await over;
    assert.equal(produced("breaking").at(-1)?.[7], 0);
    assert.equal(endOf("breaking"), "broken");
    const { rows, groups } = collector.incidents.since(0);
    assert.deepEqual(
      groups.map(({ kind, name, message }) => [kind, name, message]),
      [["broken", `GET /${lane}/breaking`, "RangeError: Too far"]],
    );
    assert.deepEqual(
      rows.map(({ request }) => request),
      ["breaking"],
    );
  },
);

eachLane("a stream whose client leaves is no incident, and is said to have been left", async (lane) => {
  const { response, over } = await ask(`/${lane}/endless`, "left");
  await response.body?.cancel();
  await over;
  assert.equal(endOf("left"), "gone");
  assert.deepEqual(collector.incidents.since(0).rows, []);
});

eachLane(
  "a stream that the shutdown cuts is said to have been cut, an event stream was sent whole",
  async (lane) => {
    const cut = await ask(`/${lane}/endless`, "cut");
    const events = await ask(`/${lane}/events`, "events");
    const texts = [cut, events].map(({ response }) => response.text());
    await Promise.all([server.close(), assert.rejects(texts[0] as Promise<string>), texts[1]]);
    assert.deepEqual([endOf("cut"), endOf("events")], ["cut", "sent"]);
  },
);

test("a stream that is ended by its deadline is one incident", async () => {
  const { response, over } = await ask("/late", "late");
  await assert.rejects(response.text());
  await over;
  await server.close();
  assert.equal(endOf("late"), "broken");
  const { rows, groups } = collector.incidents.since(0);
  assert.deepEqual([rows.length, groups[0]?.kind], [1, "killed"]);
});

eachLane("of the end of a response that was sent whole at once nothing is kept", async (lane) => {
  const { response, over } = await ask(`/${lane}/plain`, "plain");
  await response.text();
  await over;
  assert.equal(endOf("plain"), undefined);
});
