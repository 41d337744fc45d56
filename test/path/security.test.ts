import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HTTPError } from "offloop";
import { httpBasic, security } from "offloop/security";
import { override, type TestClient, testClient } from "offloop/testing";
import { eachLane } from "../fixtures/running.ts";
import app, { schemes, token } from "../fixtures/security-app.ts";

let client: TestClient;
before(async () => {
  client = await testClient(app);
});
after(() => client.close());

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function answer(response: Response): Promise<[number, unknown, string | null]> {
  return [response.status, await response.json(), response.headers.get("www-authenticate")];
}

const credentials = {
  basic: [{ authorization: `Basic ${btoa("ada:se:cret")}` }, { username: "ada", password: "se:cret" }],
  bearer: [{ authorization: "bearer t" }, { scheme: "bearer", credentials: "t" }],
  digest: [{ authorization: "Digest a=b" }, { scheme: "Digest", credentials: "a=b" }],
  header: [{ "x-key": "k" }, "k"],
  query: [{}, "last"],
  cookie: [{ cookie: "other=1; session=c" }, "c"],
  password: [bearer("t"), "t"],
  code: [bearer("t"), "t"],
  openid: [bearer("t"), "Bearer t"],
} as const;

const challenges = {
  basic: 'Basic realm="shop"',
  bearer: "Bearer",
  digest: "Digest",
  header: "APIKey",
  query: "APIKey",
  cookie: "APIKey",
  password: "Bearer",
  code: "Bearer",
  openid: "Bearer",
} as const;

for (const name of Object.keys(schemes) as (keyof typeof schemes)[]) {
  eachLane(`security: the handler receives the credentials of the scheme "${name}"`, async (lane) => {
    const [headers, expected] = credentials[name];
    const query = name === "query" ? { key: ["first", "last"] } : {};
    assert.deepEqual(await answer(await client.get(`/${lane}/${name}`, { headers, query })), [
      200,
      expected,
      null,
    ]);
  });

  eachLane(
    `security: without credentials the scheme "${name}" answers 401 with its challenge`,
    async (lane) => {
      const refused = [401, { detail: "Not authenticated" }, challenges[name]];
      assert.deepEqual(await answer(await client.get(`/${lane}/${name}`)), refused);
      const headers = { authorization: "Other x", cookie: "session=", "x-key": "" };
      if (name !== "openid")
        assert.deepEqual(await answer(await client.get(`/${lane}/${name}?key=`, { headers })), refused);
    },
  );
}

eachLane("security: autoError false lets everyone in", async (lane) => {
  assert.equal(await (await client.get(`/${lane}/maybe`)).json(), "nobody");
  assert.equal(await (await client.get(`/${lane}/maybe`, { headers: bearer("t") })).json(), "t");
});

eachLane("security: a scheme refuses with the error it is given", async (lane) => {
  const refused = [403, { detail: "Not authenticated" }, null];
  assert.deepEqual(await answer(await client.get(`/${lane}/forbidding`)), refused);
});

eachLane("security: 401 comes before 422", async (lane) => {
  assert.equal((await client.get(`/${lane}/and-inputs?limit=x`)).status, 401);
  assert.equal((await client.get(`/${lane}/and-inputs?limit=x`, { headers: bearer("t") })).status, 422);
  assert.equal((await client.get(`/${lane}/and-inputs?limit=1`, { headers: bearer("t") })).status, 200);
});

eachLane("securityScopes: all scopes on the way down, nearest to the operation first", async (lane) => {
  const read = async (path: string): Promise<unknown> =>
    (await client.get(`/${lane}/${path}`, { headers: bearer("me+items") })).json();
  assert.deepEqual(await read("status"), []);
  assert.deepEqual(await read("me"), ["me"]);
  assert.deepEqual(await read("items"), [["items", "me"], "items me"]);
});

eachLane("securityScopes: a missing scope is refused with those that are demanded", async (lane) => {
  const refused = [401, { detail: "Not enough permissions" }, 'Bearer scope="items me"'];
  assert.deepEqual(await answer(await client.get(`/${lane}/items`, { headers: bearer("me") })), refused);
  assert.equal((await client.get(`/${lane}/items`)).headers.get("www-authenticate"), "Bearer");
});

eachLane("securityScopes: what reads them is made once for each set of scopes", async (lane) => {
  const response = await client.get(`/${lane}/twice`, { headers: bearer("me+all") });
  assert.deepEqual(await response.json(), { scopes: [[], [], ["all"], ["me"]], shared: true, apart: true });
});

eachLane("securityScopes: reach a plain dependency on its thread", async (lane) => {
  const response = await client.get(`/${lane}/crossing`, { headers: bearer("t") });
  assert.deepEqual(await response.json(), ["t", ["a"], ["b"], true]);
});

eachLane("security(): on a router, and around another", async (lane) => {
  const response = await client.get(`/admin/${lane}`, { headers: bearer("all+me+items") });
  assert.deepEqual(await response.json(), ["all"]);
  const refused = await client.get(`/admin/${lane}`, { headers: bearer("all+me") });
  assert.equal(refused.headers.get("www-authenticate"), 'Bearer scope="me items"');
});

eachLane("override(): credentials for a scheme, also with a demand around it", async (lane) => {
  for (const replaced of [token, security(token, { scopes: ["x"] })]) {
    await using other = await testClient(app, { overrides: [override(replaced, "me+items")] });
    assert.deepEqual(await (await other.get(`/${lane}/me`)).json(), ["me"]);
  }
});

test("the document names schemes and the scopes demanded on the way to them", async () => {
  const { paths, components } = (await (await client.get("/openapi.json")).json()) as {
    paths: Record<string, Record<string, { security?: unknown; parameters?: unknown }>>;
    components: { securitySchemes: Record<string, unknown> };
  };
  const securityOf = (path: string): unknown => paths[path]?.get?.security;
  assert.deepEqual(securityOf("/loop/basic"), [{ HTTPBasic: [] }]);
  assert.equal(paths["/loop/header"]?.get?.parameters, undefined);
  assert.deepEqual(securityOf("/thread/status"), [{ OAuth2PasswordBearer: [] }]);
  assert.deepEqual(securityOf("/thread/items"), [{ OAuth2PasswordBearer: ["items", "me"] }]);
  assert.deepEqual(securityOf("/admin/loop"), [{ OAuth2PasswordBearer: ["me", "items", "all"] }]);
  assert.deepEqual(components.securitySchemes.HTTPBearer403, { type: "http", scheme: "bearer" });
});

test("security() refuses anything but a dependency, and anything but a scope", () => {
  // @ts-expect-error a function is no dependency
  assert.throws(() => security(() => 1, { scopes: [] }), { code: "OFFLOOP_DEPENDENCY_INVALID" });
  assert.throws(() => security(httpBasic(), undefined as never), { code: "OFFLOOP_OPTION_INVALID" });
  const wrong: unknown[] = ["me", [""], ["me items"], [1], undefined];
  for (const scopes of wrong)
    assert.throws(() => security(httpBasic(), { scopes: scopes as string[] }), {
      code: "OFFLOOP_OPTION_INVALID",
    });
});

test("a scheme's function can be called in a unit test", () => {
  const request = { headers: new Headers(), url: "/", cookies: {} };
  assert.throws(() => httpBasic().fn({ request }), HTTPError);
});
