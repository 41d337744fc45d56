import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, Router } from "offloop";
import { testClient } from "offloop/testing";
import { z } from "zod";

const nothing = async (): Promise<void> => {};

test("Router: prefixes and tags of all levels are joined, in the order of declaration", () => {
  const items = new Router({ prefix: "/items", tags: ["items"] });
  items.get("/", nothing);
  items.get("/:item_id", { tags: ["one"] }, nothing);
  const admin = new Router({ prefix: "/admin" });
  admin.include(items, { prefix: "/v1", tags: ["v1"] });
  const app = new App();
  app.get("/first", nothing);
  app.include(admin, { tags: ["admin"] });
  app.post("/last", nothing);
  items.delete("/", nothing);
  assert.deepEqual(
    app.declaredOperations().map(({ id, tags }) => [id, ...tags]),
    [
      ["GET /first"],
      ["GET /admin/v1/items/", "admin", "v1", "items"],
      ["GET /admin/v1/items/:item_id", "admin", "v1", "items", "one"],
      ["DELETE /admin/v1/items/", "admin", "v1", "items"],
      ["POST /last"],
    ],
  );
});

test("Router: responses of all levels are documented, the nearest of a status wins", () => {
  const items = new Router({ responses: { 404: { description: "No such item" } } });
  items.get("/", nothing);
  items.get("/own", { responses: { 404: { description: "Own" }, 409: { description: "Taken" } } }, nothing);
  const app = new App({ responses: { 418: { description: "A teapot" }, 404: { description: "Nothing" } } });
  app.include(items, { responses: { 403: { description: "Not yours" } } });
  const described = app
    .declaredOperations()
    .map(({ documentation: { responses = {} } }) =>
      Object.entries(responses).map(([status, response]) => `${status} ${response?.description}`),
    );
  assert.deepEqual(described, [
    ["403 Not yours", "404 No such item", "418 A teapot"],
    ["403 Not yours", "404 Own", "409 Taken", "418 A teapot"],
  ]);
});

test("Router: what is deprecated or hidden as a whole is so in each operation, and none can undo it", () => {
  const items = new Router();
  items.get("/items", { deprecated: false, hidden: false }, nothing);
  const app = new App();
  app.include(items, { deprecated: true });
  app.include(items, { prefix: "/internal", hidden: true });
  app.get("/old", { deprecated: true }, nothing);
  assert.deepEqual(
    app.declaredOperations().map(({ documentation: { deprecated, hidden } }) => [deprecated, hidden]),
    [
      [true, false],
      [false, true],
      [true, undefined],
    ],
  );
});

test("Router: every method has its declaration", () => {
  const app = new App();
  for (const method of ["get", "head", "post", "put", "patch", "delete", "options", "trace"] as const)
    app[method]("/", nothing);
  assert.deepEqual(
    app.declaredOperations().map(({ method }) => method),
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"],
  );
});

test("Router: the rule decides by declaration, `runs` overrides it", () => {
  const app = new App();
  app.get("/async", async () => 1);
  app.get("/plain", () => 1);
  app.get("/promise", () => Promise.resolve(1));
  app.get("/async/thread", { runs: "thread" }, async () => 1);
  app.get("/plain/loop", { runs: "loop" }, () => 1);
  app.get("/async/generator", async function* () {});
  assert.deepEqual(
    app.declaredOperations().map(({ lane }) => lane),
    ["loop", "thread", "thread", "thread", "loop", "loop"],
  );
});

/** The error's text, without the machine's paths. */
function refused(declare: () => unknown): string {
  try {
    declare();
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`.replaceAll(/\S*router\.test\.ts:\d+:\d+/g, "HERE");
  }
  return "accepted";
}

test("Router: a handler of two parameters, Fastify's or Express's, is refused; a default or a rest is none", () => {
  const app = new App();
  const add = (handler: (...args: never[]) => unknown) => (): unknown =>
    app.get("/", handler as () => unknown);
  const two =
    "OFFLOOP_HANDLER_INVALID: Cannot add GET /: its handler has 2 parameters, and receives one, its context\n  at HERE\n  fix take the names you need, like ({ request, response }) => ..., and return the value to send";
  assert.equal(refused(add(async (_request, _reply) => {})), two);
  assert.equal(refused(add((_req: object, _res: object) => {})), two);
  assert.match(refused(add((_req, _res, _next) => {})), /its handler has 3 parameters/);
  assert.equal(refused(add(async (_context: object, ..._rest: unknown[]) => {})), "accepted");
  assert.equal(refused(add((_context: object, _now = Date.now()) => {})), "accepted");
});

test("Router: mistakes are refused with code, place and fix", () => {
  const app = new App();
  assert.equal(
    refused(() => app.get("items", nothing)),
    'OFFLOOP_PATH_INVALID: Cannot add an operation at "items": a path starts with "/"\n  at HERE\n  fix start it with "/"',
  );
  assert.match(
    refused(() => app.get("/items/{item_id}", nothing)),
    /fix write "\/items\/:item_id"/,
  );
  assert.match(
    refused(() => app.get("x/{id}/files/{file_path:path}", nothing)),
    /fix write "\/x\/:id\/files\/\*"/,
  );
  assert.match(
    refused(() => app.get("/a/:b?/c", nothing)),
    /"\/a\/:b\?\/c": only its last parameter can be optional, and ":b\?" is not\n {2}at HERE\n {2}fix write "\/a\/:b\/c", and/,
  );
  assert.match(
    refused(() => app.onError((() => 1) as never, nothing)),
    /^OFFLOOP_HANDLER_INVALID: .*expected a class of errors first, got a function that is not a class\n {2}at HERE/,
  );
  assert.match(
    refused(() => app.get("/", undefined as never)),
    /^OFFLOOP_HANDLER_INVALID: Cannot add GET \/: expected a function, got undefined\n {2}at HERE/,
  );
  assert.match(
    refused(() => app.get("/", { status: 99 }, nothing)),
    /^OFFLOOP_OPTION_INVALID: .*status is 99/,
  );
  assert.match(
    refused(() => app.get("/", { runs: "cloud" as never }, nothing)),
    /^OFFLOOP_OPTION_INVALID: .*runs is "cloud"/,
  );
  assert.match(
    refused(() => app.get("/", { query: { q: "string" as never } }, nothing)),
    /^OFFLOOP_SCHEMA_INVALID: Cannot use GET \/: query\.q: .*got string/,
  );
  assert.match(
    refused(() => app.get("/", { query: { q: Number as never } }, nothing)),
    /^OFFLOOP_SCHEMA_INVALID: Cannot use GET \/: query\.q: .*got the function Number/,
  );
  assert.match(
    refused(() => app.get("/", { body: z.string() }, nothing)),
    /^OFFLOOP_BODY_NOT_ALLOWED/,
  );
  assert.match(
    refused(() => app.get("/:a", { params: { b: z.string() } as never }, nothing)),
    /^OFFLOOP_PATH_INVALID: .*params has "b", but the path has no :b/,
  );
  assert.match(
    refused(() => app.get("/", nothing.bind(null))),
    /^OFFLOOP_LANE_UNKNOWN: .*bound[\s\S]*\n {2}fix call it in an arrow function, async if it is to run on the loop, or set runs/,
  );
  assert.match(
    refused(() => new Router({ prefix: "items/" })),
    /^OFFLOOP_PATH_INVALID/,
  );
  assert.match(
    refused(() => {
      const pathless = new App();
      pathless.get("", nothing);
      pathless.declaredOperations();
    }),
    /^OFFLOOP_PATH_INVALID: Cannot add GET "": no router has a prefix for it\n {2}at HERE\n {2}fix write "\/"/,
  );
});

test("Router: names in the square brackets of Next are explained, other brackets are a part of the path", () => {
  const saidOf = (path: string): string => refused(() => new App().get(path, nothing));
  for (const [path, why, fix] of [
    ["/x/[id]", "names are written :name", "/x/:id"],
    ["/[team]/x/[id]", "names are written :name", "/:team/x/:id"],
    ["/docs/[...slug]", 'the rest of a path is called "*"', "/docs/*"],
    ["/docs/[[...slug]]", 'the rest of a path is called "*"', "/docs/*"],
    ["/[[lang]]", "names are written :name", "/:lang?"],
  ] as const)
    assert.equal(
      saidOf(path),
      `OFFLOOP_PATH_INVALID: Cannot add an operation at "${path}": ${why}\n  at HERE\n  fix write "${fix}"`,
    );
  for (const path of ["/items[0]", "/[0]", "/a[b]c", "/:id([a-z]+)", "/[a-b]"])
    assert.equal(saidOf(path), "accepted", path);
});

test("Router: a path in the place of the methods of route() is answered with what to write", () => {
  const route = (...args: unknown[]): string =>
    refused(() => (new App().route as (...given: unknown[]) => unknown)(...args));
  const said = (fix: string): string =>
    `OFFLOOP_OPTION_INVALID: Cannot add operations at "/x": expected methods first, got the path\n  at HERE\n  fix write ${fix}`;
  assert.equal(route("/x", new Router()), said('app.include(router, { prefix: "/x" })'));
  assert.equal(route("/x", new App()), said('app.mount("/x", other)'));
  assert.equal(route("/x"), said('app.route(["GET", "POST"], "/x", handler)'));
  assert.equal(route("/x", nothing), said('app.route(["GET", "POST"], "/x", handler)'));
});

test("Router: a function compiled to below ES2017 is refused, since it no longer says whether it is async", () => {
  const compiled = new Function(
    "__awaiter",
    "return function () { return __awaiter(this, void 0, void 0, function* () {}); }",
  )();
  assert.match(
    refused(() => new App().get("/", compiled)),
    /^OFFLOOP_LANE_UNKNOWN: .*ES2017[\s\S]*\n {2}fix compile to ES2017 or later, or set runs: /,
  );
});

test("Router: the same method and path twice is refused, with both places", () => {
  const app = new App();
  app.get("/users/:id", nothing);
  app.get("/users/:user_id", nothing);
  assert.match(
    refused(() => app.declaredOperations()),
    /^OFFLOOP_ROUTE_DUPLICATE: Cannot add GET \/users\/:user_id: .*\n {2}at HERE \(first: HERE\)/,
  );
});

test("Router: paths that differ after a colon of their own are different ones", () => {
  const app = new App();
  for (const path of ["/jobs::start", "/jobs::stop", "/jobs/::all", "/jobs/:id", "/jobs/::none"])
    app.post(path, nothing);
  assert.equal(app.declaredOperations().length, 5);
});

test("Router: two tasks of one name are refused, the same task reached twice is one", () => {
  const app = new App();
  app.task("a", nothing);
  assert.match(
    refused(() => app.task("a", nothing)),
    /^OFFLOOP_TASK_DUPLICATE/,
  );
  assert.match(
    refused(() => app.task("", nothing)),
    /^OFFLOOP_OPTION_INVALID/,
  );
  const shared = new Router();
  shared.task("b", nothing);
  app.include(shared, { prefix: "/v1" });
  app.include(shared, { prefix: "/v2" });
  assert.deepEqual(
    app.declaredTasks().map(({ name }) => name),
    ["a", "b"],
  );
  const other = new Router();
  other.task("b", nothing);
  app.include(other);
  assert.match(
    refused(() => app.declaredTasks()),
    /^OFFLOOP_TASK_DUPLICATE/,
  );
});

test("Router: a router that would include itself is refused", () => {
  const [a, b, c] = [new Router(), new Router(), new Router()];
  a.include(b);
  b.include(c);
  assert.match(
    refused(() => c.include(a)),
    /^OFFLOOP_ROUTER_CYCLE/,
  );
  assert.match(
    refused(() => a.include(a)),
    /^OFFLOOP_ROUTER_CYCLE/,
  );
});

/** What JavaScript allows, and the types do not. */
type Untyped = Record<string, (...args: unknown[]) => unknown>;

test("a declaration refuses a function before its function: a middleware would be silently ignored", () => {
  const app = new App() as unknown as Untyped;
  async function auth(): Promise<never> {
    throw new Error("nobody gets in");
  }
  for (const [declare, text] of [
    [() => app.get?.("/", auth, nothing), "Cannot add GET /"],
    [() => app.route?.(["PUT"], "/", auth, nothing), "Cannot add PUT /"],
    [() => app.websocket?.("/", auth, nothing), "Cannot add WEBSOCKET /"],
    [() => app.task?.("clean", auth, nothing), 'Cannot declare task "clean"'],
    [() => app.lifespan?.(auth, nothing), "Cannot add a lifespan"],
    [() => (depends as unknown as Untyped[string])(auth, nothing), "Cannot declare the dependency auth"],
  ] as const)
    assert.throws(declare, {
      code: "OFFLOOP_HANDLER_INVALID",
      message: new RegExp(
        `^${text}: expected options before the function, got another function, auth\\n.*router\\.test\\.ts`,
      ),
    });
});

test("a declaration refuses arguments that nothing would read", () => {
  const app = new App() as unknown as Untyped;
  assert.throws(() => app.get?.("/", {}, nothing, nothing), {
    code: "OFFLOOP_HANDLER_INVALID",
    message: /^Cannot add GET \/: expected options and a function, got 3 arguments\n/,
  });
  assert.throws(() => app.post?.("/", "json", nothing), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /^Cannot add POST \/: expected options before the function, got string\n/,
  });
  assert.throws(() => app.get?.("/", nothing, {}), {
    code: "OFFLOOP_HANDLER_INVALID",
    message: /expected a function, got object\n.*as the last argument/s,
  });
});

test("an operation and a websocket refuse an option of another type, with its place", () => {
  const app = new App();
  const refused = (id: string) => ({
    code: "OFFLOOP_OPTION_INVALID",
    message: new RegExp(
      `^Cannot use strictTypes of ${id}: expected true or false, got "no"\n  at .*router.test.ts:`,
    ),
  });
  const options = { strictTypes: "no" as never };
  assert.throws(() => app.post("/", options, nothing), refused("POST /"));
  assert.throws(() => app.websocket("/", options, { message: nothing }), refused("WEBSOCKET /"));
});

test("an operation refuses numbers outside their range, with its place", () => {
  const app = new App();
  for (const [options, text] of [
    [
      { maxBodyBytes: Number("10mb") },
      "maxBodyBytes of POST /: expected an integer from 1 to 9007199254740991, got NaN",
    ],
    [{ maxBodyBytes: 0 }, "maxBodyBytes of POST /: expected an integer from 1 to 9007199254740991, got 0"],
    [{ timeoutMs: 0.5 }, "timeoutMs of POST /: expected an integer from 1 to 86400000, got 0.5"],
  ] as const)
    assert.throws(() => app.post("/", options, nothing), {
      code: "OFFLOOP_OPTION_INVALID",
      message: new RegExp(`^Cannot use ${text.replaceAll(".", "\\.")}\n  at .*router.test.ts:`),
    });
});

test("a wrong argument of any kind is answered with an error of offloop's own", () => {
  const app = new App() as unknown as Untyped;
  const itself: { self?: unknown } = {};
  itself.self = itself;
  assert.throws(() => app.get?.(itself, nothing), {
    code: "OFFLOOP_PATH_INVALID",
    message: /^Cannot add an operation at an object that cannot be shown: /,
  });
  assert.throws(() => app.get?.("/", { status: 201n }, nothing), {
    code: "OFFLOOP_OPTION_INVALID",
    message: /status is 201n, expected an integer from 200 to 599/,
  });
  assert.throws(() => app.mount?.(new App(), "/admin"), {
    code: "OFFLOOP_PATH_INVALID",
    message: /^Cannot mount an app at an instance of App\n/,
  });
});

test("an operation refuses a path that no request has", () => {
  for (const [path, why] of [
    ["/files/*/last", /\* stands for the rest of a path/],
    ["/items?page=1", /a path ends before a query or a fragment/],
    ["/items#top", /a path ends before a query or a fragment/],
  ] as const)
    assert.throws(() => new App().get(path, nothing), { code: "OFFLOOP_PATH_INVALID", message: why });
  for (const path of ["/files/*", "/pages/:n?", "/either/:id((?:a|b)?)", "/at/:hour(^\\d*$)h"])
    assert.ok(new App().get(path, nothing));
});

test("a path in Express's syntax is refused with the same path in this one", () => {
  for (const [path, fix] of [
    ["/opt{/:x}", 'write "/opt/:x?"'],
    ["/files/*path", 'write "/files/*"'],
    ["/files{/*path}", 'write "/files/*"'],
    ["/a{/:x}/b", "write an operation for each form of the path"],
    ["/a{b}c", 'write "/a:bc"'],
  ])
    assert.throws(() => new App().get(path as string, nothing), { code: "OFFLOOP_PATH_INVALID", fix });
  new App().get("/users/:id(\\d{1,3})", nothing);
});

test("an app is served beside another that cannot be, as two of its tasks have the same name", async () => {
  const broken = new App();
  const router = new Router();
  router.task("twice", async () => 1);
  broken.task("twice", async () => 2);
  broken.include(router);
  broken.get("/", async () => 1);
  await assert.rejects(testClient(broken), { code: "OFFLOOP_TASK_DUPLICATE" });
  const app = new App();
  app.get("/", async () => "served");
  await using client = await testClient(app);
  assert.equal(await (await client.get("/")).json(), "served");
});
