import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import websocket from "@fastify/websocket";
import type { FastifyInstance } from "fastify";
import { App, type FastifyPlugin, serve } from "offloop";

/** An app with something that is to be closed; says how often it was. */
function closable(): { app: App; closed: () => number } {
  const app = new App();
  let closed = 0;
  app.register(((fastify, _options, done) => {
    fastify.addHook("onClose", async () => closed++);
    done();
  }) satisfies FastifyPlugin<unknown>);
  return { app, closed: () => closed };
}

const quiet = { port: 0, signals: false, logLevel: "silent", metrics: true } as const;

test("serve() closes plugins and metrics when the port is taken", async () => {
  const { app, closed } = closable();
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  await assert.rejects(serve(app, { ...quiet, port }), { code: "OFFLOOP_PORT_UNAVAILABLE" });
  holder.close();
  assert.equal(closed(), 1);
  assert.equal(channel("offloop.operation").hasSubscribers, false);
});

test("serve() closes plugins and metrics when a later plugin fails", async () => {
  const { app, closed } = closable();
  app.register(async () => {
    throw new Error("no such database");
  });
  await assert.rejects(serve(app, quiet), /no such database/);
  assert.equal(closed(), 1);
  assert.equal(channel("offloop.operation").hasSubscribers, false);
});

for (const [where, register] of Object.entries({
  "of the app": (app: App, plugin: FastifyPlugin<object>) => app.register(plugin),
  "within a prefix": (app: App, plugin: FastifyPlugin<object>) => app.register(plugin, { prefix: "/old" }),
  "of a mounted app": (app: App, plugin: FastifyPlugin<object>) => {
    const inner = new App();
    inner.register(plugin);
    app.mount("/inner", inner);
  },
  "inside another plugin": (app: App, plugin: FastifyPlugin<object>) =>
    app.register(async (fastify) => void (await fastify.register(plugin as never))),
}))
  test(`serve() refuses a plugin ${where} that calls setNotFoundHandler, and says where it is registered`, async () => {
    const { app, closed } = closable();
    register(
      app,
      async (fastify) => void fastify.setNotFoundHandler((_request, reply) => void reply.send("mine")),
    );
    await assert.rejects(serve(app, quiet), {
      code: "OFFLOOP_NOT_FOUND_HANDLER",
      message:
        /^Cannot register the plugin: .*\n {2}at .*opening\.test\.ts:\d+:\d+\n {2}fix answer it with app\.onError/,
    });
    assert.equal(closed(), 1);
  });

for (const [how, plugin] of Object.entries({
  itself: websocket as unknown as FastifyPlugin<object>,
  "within another plugin": async (fastify: FastifyInstance) => void (await fastify.register(websocket)),
}))
  test(`serve() refuses @fastify/websocket beside an app.websocket, and says where it is registered [${how}]`, async () => {
    const { app, closed } = closable();
    app.register(plugin);
    app.websocket("/live", async () => {});
    await assert.rejects(serve(app, quiet), {
      code: "OFFLOOP_PLUGIN_WEBSOCKET",
      message:
        /^Cannot register the plugin: .*\n {2}at .*opening\.test\.ts:\d+:\d+\n {2}fix leave the plugin out/,
    });
    assert.equal(closed(), 1);
  });

test("close() closes plugins and metrics once", async () => {
  const { app, closed } = closable();
  app.get("/", async () => 1);
  const server = await serve(app, quiet);
  await server.close();
  assert.equal(closed(), 1);
  assert.equal(channel("offloop.operation").hasSubscribers, false);
});

test("serve() refuses metrics and probes where an operation answers, and names it", async () => {
  const app = new App();
  app.get("/metrics", async () => 1);
  app.get("/health/:probe", async () => 1);
  const at =
    /Cannot serve metrics\.path at \/metrics: an operation answers GET \/metrics\n {2}at .*opening\.test\.ts:/;
  await assert.rejects(serve(app, quiet), { code: "OFFLOOP_ROUTE_DUPLICATE", message: at });
  const health = { livez: "/health/live", readyz: "/metrics" };
  const elsewhere = { metrics: { path: "/internal/metrics" } };
  const readyz = /Cannot serve health\.readyz at \/metrics/;
  await assert.rejects(serve(app, { ...quiet, ...elsewhere, health }), { message: readyz });
  const server = await serve(app, { ...quiet, ...elsewhere, health: { ...health, readyz: "/health/ready" } });
  assert.deepEqual(await (await fetch(`${server.url}/health/live`)).json(), { status: "ready" });
  await server.close();
});

test("serve() refuses a pattern that the router does not take, and says whose it is", async () => {
  for (const pattern of ["([)", "((a+)+$)", "("]) {
    const app = new App();
    app.get(`/:id${pattern}`, async () => 1);
    await assert.rejects(serve(app, quiet), {
      code: "OFFLOOP_PATH_INVALID",
      message: /^Cannot add GET \/:id\(.*: the router refuses its path: .*\n {2}at .*opening\.test\.ts:\d+/,
    });
  }
});

test("serve() passes on what a plugin throws when a route is added", async () => {
  const app = new App();
  app.register(async (fastify) => {
    fastify.addHook("onRoute", ({ url }) => {
      if (url === "/limited") throw new Error("the plugin's own words");
    });
  });
  app.get("/limited", async () => 1);
  await assert.rejects(serve(app, quiet), { message: "the plugin's own words" });
});

test("serve() refuses a level of the log that there is not", async () => {
  await assert.rejects(serve(new App(), { port: 0, logLevel: "warning" as never }), {
    code: "OFFLOOP_OPTION_INVALID",
    message:
      /^Cannot use logLevel: expected one of trace, debug, info, warn, error, fatal, silent, got "warning"/,
  });
});

/** Where each of two operations is declared. */
const places = String.raw`\n {2}at \S*opening\.test\.ts:\d+:\d+ \(first: \S*opening\.test\.ts:\d+:\d+\)\n {2}fix `;

const answersTwice: readonly (readonly [string, (app: App) => void, string])[] = [
  [
    "a path and the same with an optional parameter",
    (app) => {
      app.get("/page", async () => 1);
      app.get("/page/:n?", () => 2);
    },
    String.raw`GET /page/:n\?: GET /page answers it already${places}leave out the "\?" of /page/:n\?, or remove one`,
  ],
  [
    "an optional parameter and the same without it, in a mounted app",
    (app) => {
      const inner = new App();
      inner.get("/:n?", () => 2);
      inner.get("/", async () => 1);
      app.mount("/page", inner);
    },
    String.raw`GET /: GET /:n\? answers it already${places}leave out the "\?" of /:n\?`,
  ],
  [
    "HEAD of half of what GET answers",
    (app) => {
      app.get("/page/:n?", () => 2);
      app.route(["HEAD"], "/page", async () => 1);
    },
    String.raw`HEAD /page: GET /page/:n\? answers it already${places}leave out the "\?"`,
  ],
  [
    "two parameters that differ in their brackets",
    (app) => {
      app.get("/users/:id(\\d+)", async () => 1);
      app.get("/users/:name([a-z]+)", () => 2);
    },
    String.raw`GET /users/:name\S+: GET /users/:id\S+ answers it already${places}remove one of the two`,
  ],
  [
    "two websockets that differ in their brackets",
    (app) => {
      app.websocket("/users/:id(\\d+)", async () => {});
      app.websocket("/users/:name([a-z]+)", async () => {});
    },
    String.raw`WEBSOCKET /users/:name\S+: WEBSOCKET /users/:id\S+ answers it already${places}remove one of the two`,
  ],
  [
    "a websocket and the same with an optional parameter",
    (app) => {
      app.websocket("/page", async () => {});
      app.websocket("/page/:n?", async () => {});
    },
    String.raw`WEBSOCKET /page/:n\?: WEBSOCKET /page answers it already${places}leave out the "\?"`,
  ],
];

for (const [what, declare, message] of answersTwice)
  test(`serve() refuses ${what}, with both places`, async () => {
    const app = new App();
    declare(app);
    await assert.rejects(serve(app, quiet), {
      code: "OFFLOOP_ROUTE_DUPLICATE",
      message: new RegExp(`^Cannot add ${message}`),
    });
  });

test("serve() refuses an operation where a plugin has a route, and says where plugins are registered", async () => {
  const app = new App();
  app.register(async (fastify) => void fastify.get("/mine", async () => 1));
  app.get("/mine", async () => 2);
  await assert.rejects(serve(app, quiet), {
    code: "OFFLOOP_ROUTE_DUPLICATE",
    message:
      /^Cannot add GET \/mine: a route that a plugin .*\n {2}at \S*opening\.test\.ts:\d+:\d+ \(plugins: \S*opening\.test\.ts:\d+:\d+\)\n {2}fix give/,
  });
});

test("serve() refuses metrics where an operation with an optional parameter answers", async () => {
  const app = new App();
  app.get("/metrics/:name?", async () => 1);
  await assert.rejects(serve(app, quiet), {
    code: "OFFLOOP_ROUTE_DUPLICATE",
    message: /^Cannot serve metrics\.path at \/metrics: /,
  });
});

test("HEAD of its own stays beside GET where one or both have an optional parameter", async () => {
  const app = new App();
  app.get("/page", async () => 1);
  app.get("/page/:n", async () => 2);
  app.route(["HEAD"], "/page/:n?", async ({ response }) => {
    response.headers.set("x-own", "yes");
  });
  const server = await serve(app, { ...quiet, metrics: false });
  for (const path of ["/page", "/page/7"]) {
    assert.equal((await fetch(server.url + path)).status, 200);
    assert.equal((await fetch(server.url + path, { method: "HEAD" })).headers.get("x-own"), "yes");
  }
  await server.close();
});
