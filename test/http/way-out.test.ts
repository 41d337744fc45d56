import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { after, before, test } from "node:test";
import { App, file, type TaskEvent, text } from "offloop";
import { openSocket } from "../fixtures/raw-socket.ts";
import app, { broken, kinds } from "../fixtures/replies-app.ts";
import { eachLane, type LaneName, lanes, type Running, running } from "../fixtures/running.ts";

let server: Running;
before(async () => {
  server = await running(app);
});
after(() => server.close());

/** Where the errors of each lane's handler are answered: the served app's on the loop, the mounted one's on a thread. */
const prefixes = { loop: "", thread: "/plain" } as const;

/** Resolves when a task of an app has run. */
function noted(lane: LaneName): Promise<void> {
  return new Promise((resolve) => {
    subscribe("offloop.task", function seen(message) {
      const event = message as TaskEvent;
      if (event.event !== "end" || event.task !== `noted ${lane}`) return;
      unsubscribe("offloop.task", seen);
      resolve();
    });
  });
}

/** What leads to an answer that no handler of an operation gives. */
const reasons: Readonly<Record<string, readonly [status: number, path: string, init?: RequestInit]>> = {
  "a path that is not there": [404, "/nope"],
  "a path that cannot be decoded": [400, "/%zz"],
  "a method that is not there": [405, "/loop/replies", { method: "DELETE" }],
  "a body too large": [413, "/loop/small", { method: "POST", body: "x".repeat(11) }],
  "what an operation on the loop throws": [409, "/loop/refused"],
  "what an operation on a thread throws": [409, "/thread/refused"],
};

async function ask(path: string, init?: RequestInit): Promise<{ status: number; body: string }> {
  const response = await fetch(server.url + path, init);
  return { status: response.status, body: await response.text() };
}

const bodies: Readonly<Record<string, RegExp>> = {
  value: /^\{"kind":"value"\}$/,
  text: /^whole$/,
  file: /A file that is there/,
  stream: /^ab$/,
  asyncStream: /^ab$/,
  generator: /^"a"\n"b"\n$/,
  web: /^web$/,
  webStream: /^ab$/,
};

for (const [reason, [status, path, init]] of Object.entries(reasons))
  eachLane(`onError() answers ${reason} with any reply, and its tasks run`, async (lane) => {
    // A path that cannot be decoded is no app's.
    const owner = path === "/%zz" ? "loop" : lane;
    for (const kind of Object.keys(kinds)) {
      const run = noted(owner);
      const answer = await ask(`${prefixes[owner]}${path}?as=${kind}`, init);
      assert.equal(answer.status, status, kind);
      assert.match(answer.body, bodies[kind] as RegExp, kind);
      await run;
    }
  });

for (const [reason, [, path, init]] of Object.entries(reasons))
  eachLane(
    `onError() whose reply to ${reason} cannot be sent: 500, logged, and the next is answered`,
    async (lane) => {
      for (const kind of Object.keys(broken)) {
        const seen = server.log.length;
        const answer = await ask(`${prefixes[lane]}${path}?as=${kind}`, init);
        assert.deepEqual(answer, { status: 500, body: '{"detail":"Internal Server Error"}' }, kind);
        assert.ok(
          server.log.slice(seen).some(({ level, err }) => level === 50 && err !== undefined),
          `${kind} is not in the log`,
        );
      }
    },
  );

eachLane("an operation's reply of any kind is sent, and its tasks run", async (lane) => {
  for (const kind of Object.keys(kinds)) {
    const run = noted("loop");
    const answer = await ask(`/${lane}/replies?as=${kind}`);
    assert.equal(answer.status, 200, kind);
    assert.match(answer.body, bodies[kind] as RegExp, kind);
    await run;
  }
});

eachLane("an operation's reply that cannot be sent: 500 without internals, logged", async (lane) => {
  for (const kind of Object.keys(broken)) {
    const answer = await ask(`/${lane}/replies?as=${kind}`);
    assert.deepEqual(answer, { status: 500, body: '{"detail":"Internal Server Error"}' }, kind);
    await server.logged(({ level, msg }) => level === 50 && msg.startsWith(`GET /${lane}/replies failed`));
  }
});

test("replies of all kinds on one connection leave it usable", async () => {
  const socket = await openSocket(server.url);
  const paths = lanes.flatMap((lane) =>
    [...Object.keys(kinds), ...Object.keys(broken)].map((kind) => `/${lane}/replies?as=${kind}`),
  );
  for (const [index, path] of paths.entries()) {
    socket.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await socket.until((received) => received.split("HTTP/1.1 ").length === index + 2);
  }
  socket.send("GET /loop/replies HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const received = await socket.ended();
  assert.match(received, /whole$/);
  assert.doesNotMatch(received, /HTTP\/1\.1 500 (?!Internal Server Error)/);
});

test("a reply's Vary is added to that of a plugin, however it is written", async (t) => {
  const own = new App();
  own.register(async (fastify) => {
    fastify.addHook("onRequest", async (_request, reply) => void reply.header("vary", "Origin"));
  });
  own.get("/", async () => text("varied", { headers: { Vary: "Accept" } }));
  const served = await running(own, { accessLog: false });
  t.after(() => served.close());
  assert.equal((await fetch(served.url)).headers.get("vary"), "Origin, Accept");
});

test("an answer in place of a reply that cannot be sent has the headers of plugins, and none of the reply", async (t) => {
  const own = new App();
  own.register(async (fastify) => {
    fastify.addHook("onRequest", async (_request, reply) => void reply.header("x-plugin", "yes"));
  });
  own.get("/missing", async () => file("/nowhere", { headers: { "cache-control": "max-age=60" } }));
  own.get(
    "/refused",
    async () => new Response("", { headers: { "transfer-encoding": "chunked", "x-own": "yes" } }),
  );
  const served = await running(own, { accessLog: false });
  t.after(() => served.close());
  for (const path of ["/missing", "/refused"]) {
    const response = await fetch(served.url + path);
    assert.deepEqual(await response.json(), { detail: "Internal Server Error" });
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("x-plugin"), "yes");
    assert.equal(response.headers.get("cache-control") ?? response.headers.get("x-own"), null);
  }
});
