import assert from "node:assert/strict";
import { test } from "node:test";
import { App, depends, type ErrorCode, OffloopError, type OperationOptions, Router, serve } from "offloop";
import { httpBearer } from "offloop/security";
import { testClient } from "offloop/testing";
import { z } from "zod";

const nothing = async (): Promise<void> => {};

/** What a declaration with an option that JavaScript lets through is refused with. */
function refusal(
  declare: (options: never) => unknown,
  options: object,
  code: ErrorCode = "OFFLOOP_OPTION_UNKNOWN",
): string {
  try {
    declare(options as never);
  } catch (error) {
    assert.ok(error instanceof OffloopError && error.code === code, String(error));
    assert.match(String(error.at?.file), /option-names\.test\.ts$/);
    return error.message.replace(/\n {2}at .*/, "");
  }
  return "accepted";
}

const app = new App();
const get = (options: OperationOptions) => app.get("/", options, nothing);

test("a misspelt option of an operation is refused with the name that was meant", () => {
  assert.equal(
    refusal(get, { timeoutMS: 50 }),
    'Cannot declare GET /: there is no option "timeoutMS"; did you mean "timeoutMs"?\n  fix write "timeoutMs", or remove it',
  );
  const meant = (name: string): string | undefined =>
    /did you mean "(\w+)"/.exec(refusal(get, { [name]: 1 }))?.[1];
  assert.deepEqual(
    ["param", "querry", "reponse", "operation_id", "status_code", "response_model", "tag", "header"].map(
      meant,
    ),
    ["params", "query", "response", "operationId", "status", "response", "tags", "headers"],
  );
  assert.equal(meant("dependencies"), "deps");
  assert.equal(meant("strict"), "strictTypes");
});

test("Fastify's schema of an operation is refused with the options that its parts are", () => {
  assert.match(
    refusal(get, { schema: {} }),
    /no option "schema"; query, params, body, response are separate options\n {2}fix pass its parts as query, params, body, response$/,
  );
  assert.match(
    refusal((options) => new App(options), { schema: {} }),
    /no option "schema"\n {2}fix remove it/,
  );
});

test("an option unlike any other is refused, and the error lists the valid names", () => {
  assert.match(
    refusal(get, { background: {} }),
    /there is no option "background"\n {2}fix remove it, or use one of body, callbacks, cookies, deprecated, deps, /,
  );
  assert.match(refusal(get, { constructor: 1 }), /no option "constructor"/);
});

test("what the document would leave out of a response is refused, of an operation and of a router", () => {
  const mediaType = "application/problem+json";
  const responses = { 404: { description: "Gone" }, "4XX": { mediaType } };
  assert.equal(
    refusal(get, { responses }),
    'Cannot document the response 4XX of GET /: there is no option "mediaType"\n  fix write content: { "application/problem+json": { schema } }',
  );
  for (const make of [(options: never) => new Router(options), (options: never) => new App(options)])
    assert.match(
      refusal(make, { responses }),
      /the response 4XX of a router: there is no option "mediaType"/,
    );
  assert.match(refusal(get, { responses: { 404: { model: z.string() } } }), /did you mean "schema"/);
});

test("OpenAPI's own form of security is refused, wherever it would be documented", () => {
  const refused = (declare: (options: never) => unknown, options: object): string =>
    refusal(declare, options, "OFFLOOP_OPTION_INVALID");
  const security = [{ session: [] }];
  const fix = "\n  fix pass the schemes themselves: security: [scheme], or [{ scheme, scopes: [] }]";
  assert.equal(
    refused(get, { security }),
    `Cannot document the security of GET /: {"session":[]} is not a list of security schemes${fix}`,
  );
  assert.match(refused(get, { security: "session" }), /: "session" is not a list of security schemes/);
  assert.match(refused(get, { security: [{ scheme: httpBearer() }] }), /is not a list/);
  const path = { post: { security } };
  assert.match(
    refused(get, { callbacks: { paid: { "{$request.body#/url}": path } } }),
    /the security of post of the callback paid of GET \//,
  );
  assert.match(
    refused((options: never) => new App(options), { webhooks: { paid: path } }),
    /the security of post of the webhook paid/,
  );
  get({ security: [httpBearer(), { scheme: httpBearer(), scopes: ["items"] }] } as never);
});

test("a response that is no description of one, or has no status, is refused", () => {
  for (const [responses, expected] of [
    [{ 404: z.object({}) }, "404 of GET /: expected { schema, description }, got a schema"],
    [{ 404: "Gone" }, "404 of GET /: expected { schema, description }, got string"],
    [{ notFound: {} }, 'notFound of GET /: expected a status of 100-599, 4XX or default, got "notFound"'],
    [{ 4: {} }, '4 of GET /: expected a status of 100-599, 4XX or default, got "4"'],
    [{ 600: {} }, '600 of GET /: expected a status of 100-599, 4XX or default, got "600"'],
  ] as [object, string][])
    assert.throws(
      () => get({ responses }),
      ({ code, message }: OffloopError) =>
        code === "OFFLOOP_OPTION_INVALID" && message.startsWith(`Cannot document the response ${expected}\n`),
    );
  get({ responses: { 100: {}, 599: {}, "4XX": {}, default: {} } });
});

test("unknown options of apps, routers, dependencies, tasks and lifespans are refused too", () => {
  const cases: [(options: never) => unknown, object, RegExp][] = [
    [(options) => new App(options), { docUrl: null }, /make an app: .*"docUrl"; did you mean "docsUrl"/],
    [
      (options) => new App(options),
      { strictTypes: true },
      /it is an option of "inputs"\n {2}fix write inputs: \{ strictTypes: \.\.\. \}$/,
    ],
    [(options) => new Router(options), { dependencies: {} }, /make a router: .*; did you mean "deps"/],
    [(options) => new Router(options), { title: "An app's" }, /make a router: .*"title"/],
    [(options) => app.include(new Router(), options), { prefx: "/a" }, /did you mean "prefix"/],
    [(options) => depends(options, async () => 1), { scop: "app" }, /the dependency .*did you mean "scope"/],
    [(options) => depends(async () => 1, options), { use_cache: false }, /"use_cache"; did you mean "cache"/],
    [
      (options) => app.task("t", options, nothing as never),
      { retries: 5 },
      /task "t": there is no option "retries"; it is an option of "durable"\n {2}fix write durable: \{ retries: \.\.\. \}$/,
    ],
    [
      (options) => app.lifespan(options, async function* () {}),
      { perthread: true },
      /did you mean "perThread"/,
    ],
  ];
  for (const [declare, options, message] of cases) assert.match(refusal(declare, options), message);
});

test("unknown settings are refused where they are said, those within others too", async () => {
  const settings: [object, RegExp][] = [
    [{ threads: { maxx: 4 } }, /Cannot use threads: there is no option "maxx"; did you mean "max"/],
    [{ timeouts: { operationMS: 5 } }, /Cannot use timeouts: .*did you mean "operationMs"/],
    [{ watch: { threshold: 5 } }, /Cannot use watch: there is no option "threshold"/],
    [{ health: { ports: 1 } }, /Cannot use health: .*did you mean "port"/],
  ];
  for (const [options, message] of settings) {
    assert.match(
      refusal((given) => new App(given), options),
      message,
    );
    await assert.rejects(serve(app, options), { code: "OFFLOOP_OPTION_UNKNOWN", message });
    await assert.rejects(testClient(app, options), { code: "OFFLOOP_OPTION_UNKNOWN", message });
  }
  await assert.rejects(serve(app, { prot: 0 } as object), {
    message: /^Cannot serve an app: there is no option "prot"; did you mean "port"\?\n {2}at .*option-names/,
  });
  await assert.rejects(testClient(app, { sockets: true } as object), {
    message:
      /^Cannot open a test client: there is no option "sockets"; did you mean "socket"\?\n {2}at .*option-names/,
  });
});

test("every option that is known is accepted", () => {
  const router = new Router({ prefix: "/r", tags: ["t"], deps: {}, deprecated: true, hidden: true });
  router.get("/:a", { params: { a: z.int() }, openapiExtra: {}, hidden: true, maxBodyBytes: 1 }, nothing);
  const whole = new App({ title: "t", watch: false, strictContentType: false, tags: [], openapiUrl: null });
  whole.include(router, { prefix: "/in" });
  assert.equal(whole.declaredOperations().length, 1);
});
