import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { after, before, beforeEach } from "node:test";
import { journal } from "../fixtures/journal.ts";
import app from "../fixtures/late-tasks-app.ts";
import { eachLane, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());
beforeEach(() => journal.clear());

const whats = async (count: number): Promise<number[]> =>
  (await journal.written(count)).map(({ what }) => what);
const ask = async (path: string): Promise<string> => (await fetch(server.url + path)).text();

for (const path of ["generator", "stream", "events"])
  eachLane(`background.add() in a body that is being made runs after it, in order: ${path}`, async (lane) => {
    await ask(`/${lane}/${path}`);
    assert.deepEqual(await whats(3), [1, 2, 3]);
  });

eachLane("background.add() in a body runs, too, where an around has added a task", async (lane) => {
  await ask(`/${lane}/around`);
  assert.deepEqual(
    await whats(4),
    [1, 4, 2, 3],
    "what was added before the first chunk belongs to the handler",
  );
  journal.clear();
  await ask(`/${lane}/around-with-tasks`);
  assert.deepEqual(await whats(5), [0, 1, 4, 2, 3]);
});

eachLane(
  "background.add() in a body runs before what is open is closed, after the handler's own",
  async (lane) => {
    assert.equal(await ask(`/${lane}/open`), "ab");
    assert.deepEqual(await whats(4), [0, 1, 2, 3]);
  },
);

eachLane("background.add() where a body is closed, since its client has gone, runs", async (lane) => {
  const request = get(`${server.url}/${lane}/endless`);
  const [response] = await once(request, "response");
  response.on("error", () => {});
  await once(response, "data");
  response.destroy();
  assert.deepEqual(await whats(2), [1, 2]);
});

eachLane("background.add() in a body that breaks runs", async (lane) => {
  await assert.rejects(ask(`/${lane}/breaking`));
  assert.deepEqual(await whats(1), [1]);
});

eachLane("background.add() in a body: a failure stops what was added, by name", async (lane) => {
  assert.equal(await ask(`/${lane}/after-a-failure`), "ab");
  const { skipped } = await server.logged(
    ({ operation, task }) => operation === `GET /${lane}/after-a-failure` && task === "fails",
  );
  assert.deepEqual(skipped, ["plain", "on loop", "plain"]);
});

for (const path of ["in-time", "plain-in-time"])
  eachLane(`background.add() as a dependency of the function closes, runs: ${path}`, async (lane) => {
    assert.equal(await ask(`/${lane}/${path}`), "null");
    assert.deepEqual(await whats(2), [1, 2]);
  });

for (const path of ["too-late", "plain-too-late"])
  eachLane(
    `background.add() as a dependency of the request closes is refused, and logged: ${path}`,
    async (lane) => {
      assert.equal(await ask(`/${lane}/${path}`), "null");
      const operation = `GET /${lane}/${path}`;
      const { err } = await server.logged(
        (entry) => entry.operation === operation && entry.err !== undefined,
      );
      assert.equal((err as { code: string }).code, "OFFLOOP_TASK_LATE");
    },
  );

eachLane("background.add() after the reply is refused where it is called", async (lane) => {
  assert.equal(await ask(`/${lane}/returned`), "null");
  assert.deepEqual(await whats(1), [-1]);
});

eachLane(
  "background.add() after the tasks of a reply have run is refused where it is called",
  async (lane) => {
    assert.equal(await ask(`/${lane}/returned-with-tasks`), "null");
    assert.deepEqual(await whats(2), [0, -1]);
  },
);
