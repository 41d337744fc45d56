import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { App, OffloopError, type SessionSettings } from "offloop";
import { type TestClient, testClient } from "offloop/testing";
import { memoryLog } from "../fixtures/memory-log.ts";
import { eachLane, lanes } from "../fixtures/running.ts";
import app from "../fixtures/session-app.ts";

const secret = "a secret of thirty-two characters";
const log = memoryLog();
let client: TestClient;
before(async () => {
  client = await testClient(app, { logger: log.logger });
});
after(() => client.close());

interface Answered {
  readonly status: number;
  readonly body: unknown;
  /** The cookie's value; empty when it is deleted, undefined when nothing is said of it. */
  readonly cookie: string | undefined;
  readonly attributes: string;
  readonly headers: Headers;
}

interface Sent {
  readonly cookie?: string | undefined;
  readonly json?: unknown;
  readonly by?: TestClient;
}

async function ask(method: string, path: string, sent: Sent | string = {}): Promise<Answered> {
  const { cookie = "", json, by = client } = typeof sent === "string" ? { cookie: sent } : sent;
  const response = await by.request(method, path, {
    headers: cookie === "" ? {} : { cookie: `session=${cookie}` },
    ...(json === undefined ? {} : { json }),
  });
  const [set] = response.headers.getSetCookie();
  const [, value, attributes = ""] = /^session=([^;]*);? ?(.*)$/.exec(set ?? "") ?? [];
  const text = await response.text();
  return {
    status: response.status,
    body: text.startsWith("{") || text.startsWith('"') ? JSON.parse(text) : text,
    cookie: value,
    attributes,
    headers: response.headers,
  };
}

async function cookieOf(data: object, by = client): Promise<string> {
  return (await ask("POST", "/loop/set", { json: data, by })).cookie ?? "";
}

async function dataOf(cookie: string | undefined, by = client): Promise<object> {
  const { onLoop: _, ...data } = (await ask("GET", "/loop/read", { cookie, by })).body as {
    onLoop: boolean;
  };
  return data;
}

eachLane(
  "session: what is changed in it is there at the next request, on whichever lane that runs",
  async (lane) => {
    const set = await ask("POST", `/${lane}/set`, { json: { user: "ada", cart: [1, { id: "é" }] } });
    assert.match(set.attributes, /^Max-Age=1209600; Path=\/; HttpOnly; SameSite=Lax$/i);
    for (const next of lanes)
      assert.deepEqual((await ask("GET", `/${next}/read`, set.cookie)).body, {
        user: "ada",
        cart: [1, { id: "é" }],
        onLoop: next === "loop",
      });
  },
);

eachLane(
  "session: a response says nothing of one that was not changed, and Vary only where it was read",
  async (lane) => {
    const cookie = await cookieOf({ user: "ada" });
    const read = await ask("GET", `/${lane}/read`, cookie);
    assert.equal(read.cookie, undefined);
    assert.equal(read.headers.get("vary"), "Cookie");
    const untouched = await ask("GET", `/${lane}/untouched`, cookie);
    assert.equal(untouched.cookie, undefined);
    assert.equal(untouched.headers.get("vary"), null);
  },
);

eachLane("clearSession(): the cookie is deleted, with the attributes it was set with", async (lane) => {
  const cleared = await ask("POST", `/${lane}/clear`, await cookieOf({ user: "ada" }));
  assert.equal(cleared.cookie, "");
  assert.match(
    cleared.attributes,
    /Max-Age=0; Path=\/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax/i,
  );
  assert.equal((await ask("POST", `/${lane}/clear`)).cookie, undefined, "there was none");
});

eachLane("session: what an HTTPError leaves is kept, what a mistake leaves is not", async (lane) => {
  const refused = await ask("POST", `/${lane}/refused`, await cookieOf({ failed: 1 }));
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get("www-authenticate"), "Basic");
  assert.deepEqual(await dataOf(refused.cookie), { failed: 2 });
  const broken = await ask("POST", `/${lane}/broken`, await cookieOf({ failed: 1 }));
  assert.deepEqual([broken.status, broken.cookie], [500, undefined]);
});

for (const kind of ["async", "plain"])
  eachLane(
    `session: what an error handler changes is kept, after what the handler changed [${kind}]`,
    async (lane) => {
      const answered = await ask("POST", `/${lane}/answered/${kind}`);
      assert.deepEqual(answered.body, { answered: true });
      assert.equal(answered.headers.getSetCookie().length, 1);
      assert.deepEqual(await dataOf(answered.cookie), { seen: ["handler", `${kind} error handler`] });
    },
  );

eachLane(
  "session: dependencies change the same one, plain ones too, up to the end of their function scope",
  async (lane) => {
    const first = await ask("POST", `/${lane}/deps`);
    assert.deepEqual(first.body, { visits: 1, plain: 1, handled: true, onLoop: false });
    const second = await ask("POST", `/${lane}/deps`, first.cookie);
    assert.deepEqual(second.body, { visits: 2, plain: 2, handled: true, closed: true, onLoop: false });
  },
);

eachLane("session: what a plain dependency changes before it refuses is kept", async (lane) => {
  const refused = await ask("POST", `/${lane}/deps/failing`, await cookieOf({ failed: 4 }));
  assert.equal(refused.status, 403);
  assert.deepEqual(await dataOf(refused.cookie), { failed: 5, visits: 1 });
});

eachLane("session: nor can one be changed that a stream looks at for the first time", async (lane) => {
  log.clear();
  const response = await client.get(`/${lane}/streamed`);
  await response.text().catch(() => ""); // it breaks off
  assert.equal(response.headers.get("set-cookie"), null);
  await log.find(/Cannot add property late/);
});

eachLane("session: to change it when the response has gone is an error in the log", async (lane) => {
  log.clear();
  assert.equal((await ask("POST", `/${lane}/late`, await cookieOf({ user: "ada" }))).status, 200);
  await log.find(/Cannot add property late/);
});

eachLane(
  "session: one that is declared has its defaults and types; what does not fit is dropped, what lacks is 401",
  async (lane) => {
    assert.deepEqual(await ask("GET", `/${lane}/declared`).then(({ status, body }) => [status, body]), [
      401,
      { detail: "Not authenticated" },
    ]);
    const read = await ask(
      "GET",
      `/${lane}/declared`,
      await cookieOf({ user: "ada", count: "many", other: 1 }),
    );
    assert.deepEqual(read.body, { user: "ada", count: 0, other: 1 });
    assert.equal(read.cookie, undefined, "a default is no change");
    const changed = await ask("POST", `/${lane}/declared`, await cookieOf({ user: "ada" }));
    assert.deepEqual(await dataOf(changed.cookie), { user: "ada", count: 1 });
    assert.deepEqual((await ask("GET", `/${lane}/whole`, await cookieOf({ user: 7 }))).body, {});
  },
);

for (const kind of ["open", "strict"])
  eachLane(
    `session: one schema for several keys leaves alone what other operations have written [${kind}]`,
    async (lane) => {
      const write = async (data: object): Promise<object> =>
        dataOf((await ask("POST", `/${lane}/whole/${kind}`, await cookieOf(data))).cookie);
      assert.deepEqual(await write({ user: "ada", cart: [1] }), { user: "ada", count: 1, cart: [1] });
      assert.deepEqual(await write({ user: 7, count: 3, cart: [1] }), { count: 4, cart: [1] });
      assert.deepEqual(await write({ user: "ada", count: "many", cart: [1] }), {
        user: "ada",
        count: 1,
        cart: [1],
      });
    },
  );

for (const path of ["counted/plain", "counted/answered"])
  eachLane(
    `session: a default that is filled in on another lane is no change, either [${path}]`,
    async (lane) => {
      for (const data of [undefined, { user: "ada" }]) {
        const cookie = data && (await cookieOf(data));
        assert.equal((await ask("GET", `/${lane}/${path}`, { cookie })).cookie, undefined);
      }
    },
  );

for (const path of ["me", "me/plain"])
  eachLane(
    `session: a dependency that declares it gives what is in it, or the 401 [${path}]`,
    async (lane) => {
      assert.equal((await ask("GET", `/${lane}/${path}`)).status, 401);
      assert.equal((await ask("GET", `/${lane}/${path}`, await cookieOf({ user: "ada" }))).body, "ada");
    },
  );

eachLane("session: a dependency of this name takes its place", async (lane) => {
  assert.equal((await ask("GET", `/${lane}/named`)).body, "a dependency");
});

eachLane("session: that of the served app is there in a mounted one", async (lane) => {
  assert.deepEqual((await ask("GET", `/inner/${lane}/read`, await cookieOf({ user: "ada" }))).body, {
    user: "ada",
  });
});

eachLane("session: a forged, cut, foreign or malformed cookie is an empty session", async (lane) => {
  const cookie = await cookieOf({ user: "ada" });
  const [payload = "", time, signature] = cookie.split(".");
  const forged = Buffer.from('{"user":"root"}').toString("base64url");
  for (const wrong of [
    `${forged}.${time}.${signature}`,
    `${payload}.zzzzzzz.${signature}`,
    cookie.slice(0, -1),
    `${payload}.${time}`,
    "a.b.c",
    ".",
    '"%"',
  ])
    assert.deepEqual(
      await dataOf(wrong).then(async (data) => [data, (await ask("GET", `/${lane}/read`, wrong)).status]),
      [{}, 200],
    );
});

eachLane("session: one larger than a cookie is a 500 whose log names its largest key", async (lane) => {
  const { status, cookie } = await ask("POST", `/${lane}/set`, {
    json: { small: 1, blob: "x".repeat(4_000) },
  });
  assert.deepEqual([status, cookie], [500, undefined]);
  await log.find(new RegExp(`Cannot keep the session of POST /${lane}/set: .*its largest key is "blob"`));
});

test("session.secret: the first signs, all are accepted, and an older one's cookie is written again", async () => {
  const next = "another secret, of thirty-two or more";
  await using both = await testClient(app, { session: { secret: [next, secret] } });
  await using alone = await testClient(app, { session: { secret: next } });
  const cookie = await cookieOf({ user: "ada" });
  for (const lane of lanes) {
    const read = await ask("GET", `/${lane}/read`, { cookie, by: both });
    assert.notEqual(read.cookie, undefined);
    assert.deepEqual(await dataOf(read.cookie, alone), { user: "ada" });
  }
  assert.deepEqual(await dataOf(cookie, alone), {});
});

test("session.secret: in three releases no process meets a cookie that it does not accept", async () => {
  const next = "another secret, of thirty-two or more";
  const releases = [secret, [secret, next], [next, secret], next];
  const clients = await Promise.all(
    releases.map((accepted) => testClient(app, { session: { secret: accepted } })),
  );
  try {
    // While a deploy replaces processes, visitors meet those of the release before and of the release after.
    for (const [index, by] of clients.entries())
      for (const beside of clients.slice(Math.max(0, index - 1), index + 2)) {
        assert.deepEqual(await dataOf(await cookieOf({ user: "ada" }, by), beside), { user: "ada" });
      }
  } finally {
    for (const client of clients) await client.close();
  }
});

test("session.maxAgeMs: after it the session is empty, and in its second half reading renews it", async (t) => {
  await using brief = await testClient(app, { session: { secret, maxAgeMs: 100_000 } });
  const cookie = await cookieOf({ user: "ada" }, brief);
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  t.mock.timers.tick(40_000);
  assert.equal((await ask("GET", "/loop/read", { cookie, by: brief })).cookie, undefined);
  t.mock.timers.tick(20_000);
  const renewed = (await ask("GET", "/loop/read", { cookie, by: brief })).cookie;
  t.mock.timers.tick(60_000);
  assert.deepEqual(await dataOf(cookie, brief), {});
  assert.deepEqual(await dataOf(renewed, brief), { user: "ada" });
});

test("session: name, path, domain, sameSite and secure are the cookie's; Secure by itself in production", async () => {
  const settings = { secret, cookie: "visit", path: "/", domain: "example.com", sameSite: "strict" } as const;
  await using named = await testClient(app, { session: { ...settings, secure: true } });
  const response = await named.post("/thread/set", { json: { user: "ada" } });
  assert.match(
    response.headers.get("set-cookie") ?? "",
    /^visit=[^;]+; Max-Age=1209600; Domain=example.com; Path=\/; HttpOnly; Secure; SameSite=Strict$/i,
  );
  process.env.NODE_ENV = "production";
  try {
    await using production = await testClient(app);
    assert.match(
      (await ask("POST", "/thread/set", { json: { a: 1 }, by: production })).attributes,
      /; Secure/i,
    );
  } finally {
    delete process.env.NODE_ENV;
  }
});

test("session: a cookie whose name needs it is Secure by itself", async () => {
  for (const [cookie, says] of [
    ["__Host-visit", /^__Host-visit=[^;]+; Max-Age=1209600; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
    ["__Secure-visit", /^__Secure-visit=[^;]+; .*; Secure; /],
    ["__Hosted", /^__Hosted=(?!.*Secure)/],
  ] as const) {
    await using named = await testClient(app, { session: { secret, cookie } });
    const response = await named.post("/thread/set", { json: { user: "ada" } });
    assert.match(response.headers.get("set-cookie") ?? "", says);
  }
});

test("session: wrong settings are refused by name, and a secret is never shown", async () => {
  const wrong: Record<string, [object, RegExp]> = {
    short: [{ secret: "hunter2" }, /session\.secret: expected 32 characters or more, got 7 of them/],
    none: [{ secret: [] }, /session\.secret: expected 32/],
    missing: [{}, /session\.secret: expected 32 characters or more, got undefined/],
    cookie: [{ secret, cookie: "a b" }, /session\.cookie/],
    sameSite: [
      { secret, sameSite: "Lax" },
      /session\.sameSite: expected "lax", "strict" or "none", got "Lax"/,
    ],
    insecure: [{ secret, sameSite: "none" }, /session\.secure: expected true/],
    age: [{ secret, maxAgeMs: 1 }, /session\.maxAgeMs: expected an integer from 1000 to /],
    path: [
      { secret, path: "/app; HttpOnly" },
      /session\.path: expected a path like "\/app", got "\/app; HttpOnly"/,
    ],
    domain: [{ secret, domain: "shop.example:8000" }, /session\.domain: .*got "shop\.example:8000"/],
    unsecured: [
      { secret, cookie: "__Secure-visit", secure: false },
      /session\.secure: expected true, as the name of the cookie begins with "__Secure-", got false/,
    ],
    unsecuredHost: [{ secret, cookie: "__hOST-visit", secure: false }, /session\.secure: expected true, /],
    hostPath: [
      { secret, cookie: "__Host-visit", path: "/app" },
      /session\.path: expected "\/", .*got "\/app"/,
    ],
    hostDomain: [{ secret, cookie: "__Host-visit", domain: "a.b" }, /session\.domain: expected none, /],
  };
  for (const [name, [session, says]] of Object.entries(wrong)) {
    const error = await testClient(new App(), { session: session as SessionSettings }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof OffloopError, name);
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /hunter2/);
  }
  assert.throws(
    () => new App({ session: { secrets: "x" } as never }),
    /OFFLOOP_OPTION_UNKNOWN|there is no option "secrets"/,
  );
});

test("session: one that is declared without settings is refused when the app opens, one that is read when it is read", async () => {
  const needing = new App();
  needing.get(
    "/me",
    { session: { user: (await import("zod")).z.string() } },
    async ({ session }) => session.user,
  );
  await assert.rejects(testClient(needing), { code: "OFFLOOP_SESSION_UNSET" });
  const reading = new App();
  reading.get("/", async ({ session }) => session);
  const lines = memoryLog();
  await using open = await testClient(reading, { logger: lines.logger });
  assert.equal((await open.get("/")).status, 500);
  await lines.find(/Cannot give GET \/ a session/);
});

eachLane(
  "session: what a plain dependency puts into it that is no JSON fails the request, not its thread",
  async (lane) => {
    log.clear();
    assert.equal((await ask("POST", `/${lane}/unwritable`)).status, 500);
    const failure = await log.find(/unwritable/);
    assert.match(failure, /serialize a BigInt/);
    assert.doesNotMatch(failure, /its thread ended/);
  },
);
