import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App, depends, type SessionSettings } from "offloop";
import { apiKeyCookie, httpBearer } from "offloop/security";
import { testClient } from "offloop/testing";
import { z } from "zod";
import { createDocument } from "../../src/openapi/document.ts";
import { type OperationObject, operationIn } from "./read-document.ts";

const user = { user: z.string() };

function appWith(session: Partial<SessionSettings> = {}): App {
  return new App({ session: { secret: "0123456789abcdef0123456789abcdef", ...session } });
}

function schemes(app: App): unknown {
  return (createDocument(app).components as Record<string, unknown> | undefined)?.securitySchemes;
}

function shown({ security, responses }: OperationObject): unknown {
  return { security, statuses: Object.keys(responses) };
}

describe("a session in the document", () => {
  test("is the scheme of its cookie, and a 401, where the operation declares a required value", () => {
    const app = appWith({ cookie: "sid" });
    app.get("/me", { session: user }, async () => {});
    app.get("/all", { session: z.object(user) }, async () => {});
    assert.deepEqual(schemes(app), { session: { type: "apiKey", in: "cookie", name: "sid" } });
    const { security, responses } = operationIn(app, "get", "/me");
    assert.deepEqual(security, [{ session: [] }]);
    const schema = { type: "object", properties: { detail: { type: "string" } }, required: ["detail"] };
    assert.deepEqual(responses["401"], {
      description: "Not Authenticated",
      content: { "application/json": { schema } },
    });
    assert.deepEqual(shown(operationIn(app, "get", "/all")), {
      security: [{ session: [] }],
      statuses: ["200", "401"],
    });
  });

  test("is not shown where every declared value is optional, or none is declared", () => {
    const app = appWith();
    const optional = { visits: z.int().default(0), cart: z.unknown() };
    app.get("/visits", { session: optional }, async () => {});
    app.get("/all", { session: z.object({ visits: z.int().optional() }) }, async () => {});
    app.get("/", async () => {});
    for (const path of ["/visits", "/all", "/"])
      assert.deepEqual(shown(operationIn(app, "get", path)), { security: undefined, statuses: ["200"] });
    assert.equal(schemes(app), undefined);
  });

  test("is needed by what needs a dependency that declares it, along with each other scheme", () => {
    const app = appWith();
    const inner = depends({ session: user }, async ({ session }) => session.user);
    const outer = depends({ deps: { inner } }, async () => {});
    app.get("/", { deps: { outer, token: httpBearer() } }, async () => {});
    assert.deepEqual(operationIn(app, "get", "/").security, [{ HTTPBearer: [], session: [] }]);
    assert.deepEqual(Object.keys(schemes(app) as object), ["HTTPBearer", "session"]);
  });

  test("says nothing of its own where the operation documents the cookie, or its refusals", () => {
    const app = appWith();
    const security = [apiKeyCookie("session", { schemeName: "Login" })];
    app.get("/", { session: user, security, responses: { "4XX": { description: "Mine" } } }, async () => {});
    assert.deepEqual(shown(operationIn(app, "get", "/")), {
      security: [{ Login: [] }],
      statuses: ["200", "4XX"],
    });
    assert.deepEqual(Object.keys(schemes(app) as object), ["Login"]);
  });

  test("of a mounted app is that of the app that is served", async () => {
    const inner = new App();
    inner.get("/me", { session: user }, async () => {});
    const app = appWith({ cookie: "outer" });
    app.mount("/inner", inner as unknown as App);
    await using client = await testClient(app);
    const document = (await (await client.get("/inner/openapi.json")).json()) as {
      components: { securitySchemes: unknown };
    };
    const session = { type: "apiKey", in: "cookie", name: "outer" };
    assert.deepEqual(document.components.securitySchemes, { session });
  });
});
