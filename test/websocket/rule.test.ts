import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { test } from "node:test";
import { App, depends, OffloopError, type OperationEvent, type WebSocketOptions } from "offloop";
import { HandshakeRefused, override, type TestClient, type TestSocket, testClient } from "offloop/testing";
import { events } from "../fixtures/event-log.ts";
import { gate } from "../fixtures/gate.ts";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane } from "../fixtures/running.ts";

const module = new URL("./sockets-app.ts", import.meta.url);

async function refusal(opening: Promise<TestSocket>): Promise<Response> {
  const error = await opening.then(
    () => assert.fail("the handshake was accepted"),
    (thrown: unknown) => thrown,
  );
  assert(error instanceof HandshakeRefused, String(error));
  return error.response;
}

/** A test of every way a client has: in the process and through a socket. */
function eachWay(name: string, body: (client: TestClient) => Promise<void>): void {
  for (const socket of [false, true])
    test(`${name} [${socket ? "socket" : "process"}]`, async () => {
      const { logger } = memoryLog();
      await using client = await testClient(module, { socket, logger });
      await body(client);
    });
}

eachWay("websocket: texts stay texts and bytes bytes, whole and on both lanes", async (client) => {
  for (const path of ["/whole/echo", "/loop/echo", "/thread/echo"]) {
    await using socket = await client.websocket(path);
    socket.send("héllo");
    socket.send(new Uint8Array([0, 255]));
    assert.equal(await socket.receive(), "héllo");
    assert.deepEqual(await socket.receive(), new Uint8Array([0, 255]));
  }
});

eachWay("websocket: its client has the address that a request's has", async (client) => {
  const asked = await (await client.get("/client")).json();
  assert.deepEqual(asked, { host: "127.0.0.1" });
  await using socket = await client.websocket("/client");
  assert.deepEqual(await socket.receiveJson(), asked);
});

eachLane("websocket: messages are handled on the lane that is declared", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/where`);
  socket.send("?");
  assert.equal(await socket.receive(), lane);
});

eachLane("websocket: params, query, headers and cookies are read and checked", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/inputs/7`, {
    query: { q: 3 },
    headers: { "x-token": "t", cookie: "session=s" },
  });
  socket.send("?");
  assert.deepEqual(await socket.receiveJson(), {
    params: { item: 7 },
    query: { q: 3 },
    headers: { x_token: "t" },
    cookies: { session: "s" },
  });
  const response = await refusal(client.websocket(`/${lane}/inputs/seven?q=x`));
  assert.equal(response.status, 422);
  const { detail } = (await response.json()) as { detail: { loc: unknown }[] };
  assert.deepEqual(
    detail.map(({ loc }) => loc),
    [
      ["path", "item"],
      ["query", "q"],
    ],
  );
});

eachLane("websocket: a security scheme and a dependency refuse before the handshake", async (lane) => {
  await using client = await testClient(module);
  const missing = await refusal(client.websocket(`/${lane}/user`));
  assert.equal(missing.status, 401);
  assert.equal(missing.headers.get("www-authenticate"), "Bearer");
  const banned = await refusal(
    client.websocket(`/${lane}/user`, { headers: { authorization: "Bearer banned" } }),
  );
  assert.equal(banned.status, 403);
  assert.deepEqual(await banned.json(), { detail: "Banned" });
  await using socket = await client.websocket(`/${lane}/user`, { headers: { authorization: "Bearer ada" } });
  socket.send("?");
  assert.deepEqual(await socket.receiveJson(), { name: "ada" });
});

eachLane("websocket: an async dependency is made once and open as long as the socket", async (lane) => {
  await using client = await testClient(module);
  events.clear();
  const socket = await client.websocket(`/${lane}/opened`);
  for (let i = 0; i < 3; i++) {
    socket.send("?");
    assert.deepEqual(await socket.receiveJson(), { at: "loop" });
  }
  assert.deepEqual(events.read(), ["opens"]);
  await socket.close();
  assert.deepEqual(await events.until("closes"), ["opens", "closes"]);
});

eachLane("websocket: a plain dependency may need an async one", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/per-message`);
  socket.send("?");
  assert.equal(await socket.receive(), "loop in thread");
});

test("websocket: a handle of an async dependency that a plain message handler asks for is named", async () => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  await using loop = await client.websocket("/loop/handle");
  loop.send("?");
  assert.equal(await loop.receive(), "rows");
  const socket = await client.websocket("/thread/handle");
  socket.send("?");
  assert.equal((await socket.closed).code, 1011);
  assert.match(
    await log.find(/NOT_CLONEABLE|cannot cross/),
    /Cannot give handle to WEBSOCKET \/thread\/handle message, which runs on a thread: handle\.query/,
  );
});

eachLane("websocket: messages are checked both ways, and what the schema drops is not sent", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/checked`);
  socket.sendJson({ text: "hi", at: "1970-01-01T00:00:01Z" });
  assert.deepEqual(await socket.receiveJson(), { text: "hi 1000" });
});

eachLane(
  "websocket: a text that is no JSON closes with 1007, what does not fit with 1008, both with the reason",
  async (lane) => {
    await using client = await testClient(module);
    const broken = await client.websocket(`/${lane}/checked`);
    broken.send("{");
    const closing = await broken.closed;
    assert.equal(closing.code, 1007);
    assert.match(closing.reason, /^message\.?\d*: JSON decode error$/);
    const wrong = await client.websocket(`/${lane}/checked`);
    wrong.sendJson({ text: 1 });
    const { code, reason } = await wrong.closed;
    assert.equal(code, 1008);
    assert.match(reason, /^message\.text: /);
  },
);

eachLane("websocket: onInvalid is told instead, and the socket stays open", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/invalid`);
  socket.send("{}");
  assert.deepEqual(Object.keys(await socket.receiveJson<object>()), ["received", "said"]);
  socket.sendJson({ n: 2 });
  assert.deepEqual(await socket.receiveJson(), { n: 2 });
});

eachLane("websocket: onInvalid is told of as many mistakes as a message has", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/list`);
  socket.sendJson(new Array(100).fill("x".repeat(1_000)));
  assert.equal(await socket.receiveJson(), 100);
  socket.sendJson(["a"]);
  assert.deepEqual(await socket.receiveJson(), ["a"]);
});

eachLane(
  "websocket: a 422 that the handler throws is no invalid message, and closes with 1008",
  async (lane) => {
    await using client = await testClient(module);
    const socket = await client.websocket(`/${lane}/list`);
    socket.sendJson([]);
    assert.deepEqual(await socket.closed, { code: 1008, reason: "an empty list" });
  },
);

eachLane("websocket: what does not fit the send schema is logged and closes with 1011", async (lane) => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  const socket = await client.websocket(`/${lane}/lies`);
  socket.send("?");
  assert.deepEqual(await socket.closed, { code: 1011, reason: "" });
  await log.find(/Cannot send from WEBSOCKET \/(loop|thread)\/lies message: it does not fit its send schema/);
});

eachLane("websocket: a generator sends what it yields", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/yields`);
  socket.send("?");
  assert.equal(await socket.receive(), "first");
  assert.deepEqual(await socket.receive(), new Uint8Array([1, 2]));
  assert.deepEqual(await socket.receiveJson(), { third: true });
});

eachLane("websocket: a generator that fails has sent what it yielded, and closes with 1011", async (lane) => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  const socket = await client.websocket(`/${lane}/yields-and-fails`);
  socket.send("?");
  assert.equal(await socket.receive(), "first");
  assert.deepEqual(await socket.closed, { code: 1011, reason: "" });
  await log.find(/yields-and-fails message failed: secret of the generator/);
});

eachLane("websocket: a long text arrives as one", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/large`);
  socket.send("?");
  assert.equal(await socket.receive(), "é".repeat(100_000));
});

eachLane("websocket: bytes that a handler keeps can be sent again and again", async (lane) => {
  await using client = await testClient(module);
  await using socket = await client.websocket(`/${lane}/kept`);
  for (let round = 0; round < 3; round++) {
    socket.send("?");
    const received = Buffer.from((await socket.receive()) ?? "");
    assert.ok(received.equals(Buffer.alloc(100_000, 7)), `round ${round}: ${received.length} bytes`);
  }
});

eachLane(
  "websocket: an error of a message closes with 1011 and is logged once, its text stays here",
  async (lane) => {
    const entries: string[] = [];
    const log = memoryLog();
    const error = log.logger.error.bind(log.logger);
    log.logger.error = ((fields: object, message: string) => {
      entries.push(message);
      error(fields, message);
    }) as typeof log.logger.error;
    await using client = await testClient(module, { logger: log.logger });
    const socket = await client.websocket(`/${lane}/throws`);
    socket.send("?");
    assert.deepEqual(await socket.closed, { code: 1011, reason: "" });
    await client.close();
    assert.deepEqual(entries, [`WEBSOCKET /${lane}/throws message failed: secret of the handler`]);
  },
);

eachLane(
  "websocket: an HTTPError of a message closes with 1008, a WebSocketError as it says",
  async (lane) => {
    await using client = await testClient(module);
    const http = await client.websocket(`/${lane}/throws`);
    http.send("http");
    assert.deepEqual(await http.closed, { code: 1008, reason: "No such thing" });
    const own = await client.websocket(`/${lane}/throws`);
    own.send("socket");
    assert.deepEqual(await own.closed, { code: 3003, reason: "as I say" });
  },
);

test("websocket: a message that ends its thread fails its socket alone", async () => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  const socket = await client.websocket("/thread/throws");
  await using other = await client.websocket("/thread/echo");
  socket.send("exit");
  assert.equal((await socket.closed).code, 1011);
  await log.find(/THREAD_EXITED|its thread ended/);
  other.send("still here");
  assert.equal(await other.receive(), "still here");
});

eachLane("websocket: a message past its timeoutMs closes with 1011", async (lane) => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  events.clear();
  const socket = await client.websocket(`/${lane}/slow`);
  socket.send("slow");
  assert.equal((await socket.closed).code, 1011);
  await log.find(new RegExp(`Cannot finish WEBSOCKET /${lane}/slow message`));
  if (lane === "loop") await events.until("told");
  else {
    await using again = await client.websocket("/thread/slow");
    again.send("quick");
    assert.equal(await again.receive(), "quick");
  }
});

eachLane("websocket: background tasks run after the message's answer", async (lane) => {
  await using client = await testClient(module);
  events.clear();
  await using socket = await client.websocket(`/${lane}/background`);
  socket.send("one");
  assert.equal(await socket.receive(), "answered");
  await events.until(`task ${lane} one`);
});

for (const message of ["end", "break"])
  eachLane(
    `websocket: tasks that a generator adds run in order, when it has been sent or broke off [${message}]`,
    async (lane) => {
      const { logger } = memoryLog();
      await using client = await testClient(module, { logger });
      events.clear();
      await using socket = await client.websocket(`/${lane}/background-yields`);
      socket.send(message);
      assert.deepEqual([await socket.receive(), await socket.receive()], ["a", "b"]);
      assert.deepEqual(await events.until("task 3"), ["yielded", "task 1", "task 2", "task 3"]);
    },
  );

eachLane("websocket: a task that is added when its message has been answered is refused", async (lane) => {
  await using client = await testClient(module);
  events.clear();
  await using socket = await client.websocket(`/${lane}/background-late`);
  socket.send("?");
  await events.until("OFFLOOP_TASK_LATE");
});

test("websocket: a task of a connection may add others while it runs", async () => {
  await using client = await testClient(module);
  events.clear();
  await using socket = await client.websocket("/whole/background");
  await socket.closed;
  await events.until("task of a task");
});

eachLane("websocket: the messages of a socket are handled in their order", async (lane) => {
  await using client = await testClient(module);
  events.clear();
  await using socket = await client.websocket(`/${lane}/ordered`);
  const sent = Array.from({ length: 100 }, (_, index) => String(index));
  for (const one of sent) socket.send(one);
  for (const one of sent) assert.equal(await socket.receive(), one);
  assert.deepEqual(
    events.read(),
    sent.map((one) => `${lane} ${one}`),
  );
});

test("websocket: plain handlers of two sockets run at the same time, those of one do not", async () => {
  await using client = await testClient(module, { threads: { max: 4 } });
  const waits = gate(40);
  waits.reset();
  await using first = await client.websocket("/thread/gated/40");
  await using second = await client.websocket("/thread/gated/40");
  first.send("wait");
  second.send("wait");
  await waits.arrived(2);
  first.send("wait");
  await using third = await client.websocket("/thread/gated/40");
  third.send("free");
  assert.equal(await third.receive(), "free");
  assert.equal(waits.count, 2);
  waits.open();
  assert.equal(await first.receive(), "wait");
  assert.equal(await second.receive(), "wait");
});

eachLane("websocket: open, messages, close, and the dependencies around them", async (lane) => {
  await using client = await testClient(module);
  events.clear();
  const socket = await client.websocket(`/${lane}/life`);
  assert.equal(await socket.receive(), "welcome");
  socket.send("hi");
  assert.equal(await socket.receive(), "hi");
  await socket.close(3000, "bye");
  assert.deepEqual(await events.until("closes"), ["opens", "open", "close 3000 bye", "closes"]);
});

eachLane("websocket: an HTTPError of open is the response to the handshake", async (lane) => {
  await using client = await testClient(module);
  const response = await refusal(client.websocket(`/${lane}/refuses`));
  assert.equal(response.status, 409);
  assert.equal(response.headers.get("x-why"), "full");
  assert.deepEqual(await response.json(), { detail: "Full" });
});

test("websocket: a room's message goes to all others in it, and to no other room", async () => {
  await using client = await testClient(module);
  await using first = await client.websocket("/loop/rooms/1");
  await using second = await client.websocket("/loop/rooms/1");
  await using elsewhere = await client.websocket("/loop/rooms/2");
  first.send("hello");
  assert.equal((await second.receiveJson<{ text: string }>()).text, "hello");
  second.send("hello back");
  assert.equal((await first.receiveJson<{ text: string }>()).text, "hello back");
  await second.close();
  first.send("anyone?");
  elsewhere.send("alone");
  await using third = await client.websocket("/loop/rooms/2");
  third.send("two");
  assert.equal((await elsewhere.receiveJson<{ text: string }>()).text, "two");
});

test("websocket: a whole socket that returns is closed with 1000, one that fails with 1011", async () => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  assert.deepEqual(await (await client.websocket("/whole/returns")).closed, { code: 1000, reason: "" });
  const socket = await client.websocket("/whole/fails");
  socket.send("?");
  assert.deepEqual(await socket.closed, { code: 1011, reason: "" });
  await log.find(/^WEBSOCKET \/whole\/fails failed: secret of the whole one$/);
});

test("websocket: one that is closed before the handshake is refused with 403, as in Starlette", async () => {
  await using client = await testClient(module);
  const response = await refusal(client.websocket("/whole/refuses"));
  assert.equal(response.status, 403);
});

test("websocket: a whole socket's messages are checked both ways", async () => {
  await using client = await testClient(module);
  const socket = await client.websocket("/whole/checked");
  socket.sendJson({ n: 1 });
  assert.deepEqual(await socket.receiveJson(), { n: 2 });
  socket.sendJson({ n: "x" });
  assert.equal((await socket.closed).code, 1008);
});

eachWay(
  "websocket: the first subprotocol of the server's that is offered is agreed on; headers go with the handshake",
  async (client) => {
    await using socket = await client.websocket("/whole/greets", { subprotocols: ["v0", "v1", "v2"] });
    assert.equal(socket.subprotocol, "v2");
    assert.equal(socket.headers.get("x-greeting"), "hello");
    assert.match(socket.headers.get("set-cookie") ?? "", /^seen=yes/);
    assert.equal(await socket.receive(), "v2");
  },
);

test("websocket: the signal aborts when the client has gone", async () => {
  await using client = await testClient(module);
  events.clear();
  const socket = await client.websocket("/whole/waits");
  assert.equal(await socket.receive(), "ready");
  await socket.close();
  await events.until("aborted");
});

test("websocket: routers give it their prefix and dependencies, mounts their path, and HTTP keeps its own", async () => {
  await using client = await testClient(module);
  await using socket = await client.websocket("/router/7", { headers: { authorization: "Bearer ada" } });
  socket.send("?");
  assert.equal(await socket.receive(), "7 ada");
  await using mounted = await client.websocket("/admin/live");
  mounted.send("?");
  assert.equal(await mounted.receive(), "admin");
  await using both = await client.websocket("/both");
  both.send("?");
  assert.equal(await both.receive(), "socket");
  assert.equal(await (await client.get("/both")).json(), "http");
  assert.equal((await client.get("/whole/echo")).status, 404);
  assert.equal((await refusal(client.websocket("/"))).status, 404);
  assert.equal((await refusal(client.websocket("/admin/nothing"))).status, 404);
});

test("websocket: a mounted app refuses handshakes to its paths, whatever patterns the app around it has", async () => {
  const inner = new App();
  inner.websocket("/live", { message: async () => "inner" });
  const outer = new App();
  outer.websocket("/:any/:thing", { message: async () => "a pattern" });
  outer.mount("/inner", inner);
  await using client = await testClient(outer);
  for (const [path, answer] of Object.entries({ "/inner/live": "inner", "/other/live": "a pattern" })) {
    await using socket = await client.websocket(path);
    socket.send("?");
    assert.equal(await socket.receive(), answer);
  }
  assert.equal((await refusal(client.websocket("/inner/nothing"))).status, 404);
});

test("websocket: a value may stand in for a dependency", async () => {
  const user = depends(async () => ({ name: "real" }));
  const app = new App();
  app.websocket("/me", { deps: { user } }, { message: async ({ user }) => user });
  await using client = await testClient(app, { overrides: [override(user, { name: "test" })] });
  await using socket = await client.websocket("/me");
  socket.send("?");
  assert.deepEqual(await socket.receiveJson(), { name: "test" });
});

eachLane("channels: the opening of a socket and each message are runs on their lanes", async (lane) => {
  await using client = await testClient(module);
  const seen: OperationEvent[] = [];
  const listen = (event: unknown): void => void seen.push(event as OperationEvent);
  diagnostics.subscribe("offloop.operation", listen);
  try {
    const socket = await client.websocket(`/${lane}/echo`);
    socket.send("one");
    await socket.receive();
    socket.send("two");
    await socket.receive();
    await socket.close();
  } finally {
    diagnostics.unsubscribe("offloop.operation", listen);
  }
  const id = `WEBSOCKET /${lane}/echo`;
  assert.deepEqual(
    seen.map((event) => [event.event, event.operation, event.lane, "status" in event ? event.status : 0]),
    [
      ["start", id, "loop", 0],
      ["end", id, "loop", 101],
      ...[1, 2].flatMap(() => [
        ["start", `${id} message`, lane, 0],
        ["end", `${id} message`, lane, 200],
      ]),
    ],
  );
  assert(seen.every((event) => event.event === "start" || (event.thread === 0) === (event.lane === "loop")));
});

test("channels: what a whole socket does with a message is a run", async () => {
  await using client = await testClient(module);
  const seen: string[] = [];
  const listen = (event: unknown): void => {
    const { event: what, operation } = event as OperationEvent;
    seen.push(`${what} ${operation}`);
  };
  diagnostics.subscribe("offloop.operation", listen);
  const socket = await client.websocket("/whole/echo");
  socket.send("one");
  await socket.receive();
  await socket.close();
  diagnostics.unsubscribe("offloop.operation", listen);
  const id = "WEBSOCKET /whole/echo";
  assert.deepEqual(seen, [`start ${id}`, `end ${id}`, `start ${id} message`, `end ${id} message`]);
});

test("metrics: open sockets are counted, and a handshake is a request that has been answered", async () => {
  await using client = await testClient(module, { metrics: true });
  await using socket = await client.websocket("/loop/echo");
  socket.send("?");
  await socket.receive();
  const text = await (await client.get("/metrics")).text();
  assert.match(text, /offloop_websockets\{operation="WEBSOCKET \/loop\/echo"\} 1/);
  assert.match(
    text,
    /http_server_request_duration_seconds_count\{http_request_method="GET",http_route="\/loop\/echo",http_response_status_code="101"[^}]*\} 1/,
  );
  assert.match(
    text,
    /offloop_operation_run_seconds_count\{operation="WEBSOCKET \/loop\/echo message"[^}]*\} 1/,
  );
});

function refused(code: string, declare: (app: App) => void): void {
  assert.throws(
    () => declare(new App()),
    (error: unknown) => error instanceof OffloopError && error.code === code,
  );
}

test("websocket: a plain function that would receive the socket is refused", () => {
  refused("OFFLOOP_SOCKET_LANE", (app) => app.websocket("/", (() => {}) as never));
  refused("OFFLOOP_SOCKET_LANE", (app) =>
    app.websocket("/", { open: (() => {}) as never, message: () => {} }),
  );
  refused("OFFLOOP_SOCKET_LANE", (app) =>
    app.websocket("/", { close: (() => {}) as never, message: () => {} }),
  );
  refused("OFFLOOP_SOCKET_LANE", (app) =>
    app.websocket("/", { onInvalid: (() => {}) as never }, { message: () => {} }),
  );
});

test("websocket: a function that takes a request beside the socket, or a reason beside the code, is refused, and the error says what it receives", () => {
  // biome-ignore-start lint/suspicious/noExplicitAny: as @fastify/websocket and ws have it
  const onSocket = (socket: any, _request: any): void => socket.on("message", () => {});
  const message = (): void => {};
  const open = async (_socket: any, _request: any): Promise<void> => {};
  const close = async (_code: any, _reason: any): Promise<void> => {};
  // biome-ignore-end lint/suspicious/noExplicitAny: see above
  for (const [handler, says] of [
    [
      onSocket,
      /the handler of a whole socket has 2 parameters, and receives one, its context\n.*\n {2}fix take .* for await/,
    ],
    [{ open, message }, /open has 2 parameters/],
    [{ message: onSocket }, /message has 2 parameters.*\n.*\n.*\(\{ message \}\) =>/],
    [{ message, close }, /close has 2 parameters.*\n.*\n.*async \(\{ code, reason \}\) =>/],
  ] as const)
    assert.throws(() => new App().websocket("/", handler as never), {
      code: "OFFLOOP_HANDLER_INVALID",
      message: says,
    });
});

test("websocket: what cannot be declared is refused", () => {
  refused("OFFLOOP_HANDLER_INVALID", (app) => app.websocket("/", undefined as never));
  refused("OFFLOOP_HANDLER_INVALID", (app) => app.websocket("/", {} as never));
  refused("OFFLOOP_OPTION_UNKNOWN", (app) => app.websocket("/", { messages: () => {} } as never));
  refused("OFFLOOP_OPTION_UNKNOWN", (app) =>
    app.websocket("/", { body: {} } as WebSocketOptions, async () => {}),
  );
  refused("OFFLOOP_HANDLER_INVALID", (app) => app.websocket("/", { open: async () => {} } as never));
  refused("OFFLOOP_PATH_INVALID", (app) => app.websocket("echo", async () => {}));
  refused("OFFLOOP_PATH_INVALID", (app) => {
    app.websocket("", async () => {});
    app.declaredSockets();
  });
  refused("OFFLOOP_OPTION_INVALID", (app) => app.websocket("/", { timeoutMs: 50 }, async () => {}));
  refused("OFFLOOP_SCHEMA_INVALID", (app) => app.websocket("/", { message: {} as never }, async () => {}));
  refused("OFFLOOP_OPTION_INVALID", (app) => app.websocket("/", { subprotocols: ["a b"] }, async () => {}));
  refused("OFFLOOP_DEPENDENCY_INVALID", (app) =>
    app.websocket("/", { deps: { socket: depends(async () => 1) } }, async () => {}),
  );
  refused("OFFLOOP_ROUTE_DUPLICATE", (app) => {
    app.websocket("/a/:b", async () => {});
    app.websocket("/a/:c", async () => {});
    app.declaredSockets();
  });
});

test("websocket: a plain message handler that reads socket is told why it has none", async () => {
  const log = memoryLog();
  await using client = await testClient(module, { logger: log.logger });
  const socket = await client.websocket("/thread/socket");
  socket.send("?");
  assert.equal((await socket.closed).code, 1011);
  await log.find(/Cannot read socket in WEBSOCKET \/thread\/socket message, which is a plain function/);
});
