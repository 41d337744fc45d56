import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SignJWT } from "jose";
import { type TestClient, testClient } from "offloop/testing";
import app from "../../examples/04-security/app.ts";
import { checkPassword, hashPassword } from "../../examples/04-security/passwords.ts";
import { readToken, signToken } from "../../examples/04-security/tokens.ts";

describe("the example's passwords", () => {
  test("are known again, and nothing else is", () => {
    const stored = hashPassword("secret");
    assert.notEqual(stored, hashPassword("secret"));
    assert.equal(checkPassword("secret", stored), true);
    for (const [password, hash] of [
      ["Secret", stored],
      ["secret", ""],
      ["secret", "a.b"],
      ["secret", stored.slice(0, -4)],
      ["secret", undefined],
      ["", undefined],
    ] as const)
      assert.equal(checkPassword(password, hash), false);
  });
});

describe("the example's tokens", () => {
  test("say who may do what", async () => {
    const claims = { username: "ada", scopes: ["me", "items"] };
    assert.deepEqual(await readToken(await signToken(claims)), claims);
    assert.deepEqual((await readToken(await signToken({ username: "ada", scopes: [] })))?.scopes, []);
  });

  test("of others, or changed, say nothing", async () => {
    const token = await signToken({ username: "ada", scopes: [] });
    const [header, , signature] = token.split(".");
    const forged = Buffer.from(JSON.stringify({ sub: "root" })).toString("base64url");
    const foreign = await new SignJWT({ sub: "ada" })
      .setProtectedHeader({ alg: "HS256" })
      .sign(Buffer.from("another key of at least 32 bytes!"));
    for (const wrong of ["", "x", `${header}.${forged}.${signature}`, foreign])
      assert.equal(await readToken(wrong), undefined);
  });
});

describe("the example's app", () => {
  let client: TestClient;
  before(async () => {
    client = await testClient(app);
    const json = { username: "ada", password: "correct horse" };
    const response = await client.post("/users", { json });
    assert.deepEqual([response.status, await response.json()], [201, { username: "ada" }]);
    assert.equal((await client.post("/users", { json })).status, 409);
  });
  after(() => client.close());

  const logIn = (form: Record<string, string>): Promise<Response> =>
    client.post("/token", { body: new URLSearchParams(form) });
  const ada = { username: "ada", password: "correct horse" };

  async function readAs(scope: string, path: string): Promise<Response> {
    const answer = await (await logIn({ ...ada, scope })).json();
    const { access_token: token } = answer as { access_token: string };
    return client.get(path, { headers: { authorization: `Bearer ${token}` } });
  }

  test("gives a token to those who know the password", async () => {
    const response = await logIn({ ...ada, scope: "me root" });
    const { access_token: token, token_type: type } = (await response.json()) as Record<string, string>;
    assert.equal(type, "bearer");
    assert.deepEqual(await readToken(token ?? ""), { username: "ada", scopes: ["me"] });
    for (const wrong of [
      { ...ada, password: "wrong" },
      { ...ada, username: "grace" },
    ]) {
      const refused = await logIn(wrong);
      assert.deepEqual([refused.status, refused.headers.get("www-authenticate")], [401, "Bearer"]);
    }
  });

  test("lets a token do what its scopes allow", async () => {
    assert.deepEqual(await (await readAs("me", "/users/me")).json(), { username: "ada" });
    assert.equal((await readAs("me items", "/users/me/items")).status, 200);
    for (const [scope, path, demanded] of [
      ["", "/users/me", "me"],
      ["items", "/users/me/items", "items me"],
      ["me", "/users/me/items", "items me"],
    ] as const) {
      const refused = await readAs(scope, path);
      assert.equal(refused.headers.get("www-authenticate"), `Bearer scope="${demanded}"`);
      assert.deepEqual([refused.status, await refused.json()], [401, { detail: "Not enough permissions" }]);
    }
  });

  test("refuses a request without a token, and a token that is not its own", async () => {
    assert.equal((await client.get("/users/me")).status, 401);
    const authorization = `Bearer ${await signToken({ username: "nobody", scopes: ["me"] })}`;
    for (const headers of [{ authorization }, { authorization: "Bearer x" }])
      assert.equal((await client.get("/users/me", { headers })).status, 401);
  });

  test("answers while it hashes: that happens on a thread", async () => {
    const hashed = logIn(ada).then(() => "hashed");
    const answered = client.get("/users/me").then(() => "answered");
    assert.equal(await Promise.race([hashed, answered]), "answered");
    await hashed;
  });

  test("describes where tokens come from, and which scopes each operation demands", async () => {
    const document = (await (await client.get("/openapi.json")).json()) as {
      paths: Record<string, { get?: { security: unknown } }>;
      components: { securitySchemes: Record<string, unknown> };
    };
    assert.deepEqual(document.paths["/users/me/items"]?.get?.security, [
      { OAuth2PasswordBearer: ["items", "me"] },
    ]);
    assert.deepEqual(Object.keys(document.components.securitySchemes), ["OAuth2PasswordBearer"]);
  });
});
