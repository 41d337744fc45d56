import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { App } from "offloop";
import {
  apiKeyCookie,
  apiKeyHeader,
  apiKeyQuery,
  httpBasic,
  httpBearer,
  httpDigest,
  oauth2AuthorizationCodeBearer,
  oauth2PasswordBearer,
  openIdConnect,
} from "offloop/security";
import { createDocument } from "../../src/openapi/document.ts";
import { operationIn } from "./read-document.ts";

function schemes(app: App): unknown {
  return (createDocument(app).components as Record<string, unknown>).securitySchemes;
}

describe("security in the document", () => {
  test("shows every kind of scheme under FastAPI's names", () => {
    const app = new App();
    const security = [
      httpBasic({ realm: "shop" }),
      httpBearer({ bearerFormat: "JWT", description: "A token" }),
      httpDigest(),
      apiKeyHeader("X-Key"),
      apiKeyQuery("key"),
      apiKeyCookie("session"),
      oauth2PasswordBearer("token", { scopes: { me: "Who I am" } }),
      oauth2AuthorizationCodeBearer("/authorize", "/token", { refreshUrl: "/refresh" }),
      openIdConnect("https://id.example/.well-known/openid-configuration"),
    ];
    app.get("/", { security }, async () => {});
    const flows = {
      password: { scopes: { me: "Who I am" }, tokenUrl: "token" },
      authorizationCode: {
        scopes: {},
        refreshUrl: "/refresh",
        authorizationUrl: "/authorize",
        tokenUrl: "/token",
      },
    };
    assert.deepEqual(schemes(app), {
      HTTPBasic: { type: "http", scheme: "basic" },
      HTTPBearer: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A token" },
      HTTPDigest: { type: "http", scheme: "digest" },
      APIKeyHeader: { type: "apiKey", in: "header", name: "X-Key" },
      APIKeyQuery: { type: "apiKey", in: "query", name: "key" },
      APIKeyCookie: { type: "apiKey", in: "cookie", name: "session" },
      OAuth2PasswordBearer: { type: "oauth2", flows: { password: flows.password } },
      OAuth2AuthorizationCodeBearer: {
        type: "oauth2",
        flows: { authorizationCode: flows.authorizationCode },
      },
      OpenIdConnect: {
        type: "openIdConnect",
        openIdConnectUrl: "https://id.example/.well-known/openid-configuration",
      },
    });
  });

  test("asks for each scheme of an operation once, with all scopes", () => {
    const app = new App();
    const token = oauth2PasswordBearer("token");
    const key = apiKeyHeader("X-Key", { schemeName: "Key" });
    const security = [
      { scheme: token, scopes: ["items"] },
      key,
      { scheme: token, scopes: ["me", "items"] },
      token,
    ];
    app.get("/", { security }, async () => {});
    app.get("/open", async () => {});
    assert.deepEqual(operationIn(app, "get", "/").security, [
      { OAuth2PasswordBearer: ["items", "me"] },
      { Key: [] },
    ]);
    assert.equal(operationIn(app, "get", "/open").security, undefined);
  });
});
