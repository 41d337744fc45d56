import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HTTPError } from "offloop";
import {
  apiKeyCookie,
  apiKeyHeader,
  apiKeyQuery,
  httpBasic,
  httpBearer,
  httpDigest,
  oauth2,
  oauth2PasswordBearer,
  openIdConnect,
  type SecurityScheme,
  type SentCredentials,
} from "offloop/security";

interface Sent {
  readonly authorization?: string;
  readonly headers?: Record<string, string>;
  readonly query?: string;
  readonly cookies?: Record<string, string>;
}

function sent({ authorization, headers = {}, query = "", cookies = {} }: Sent = {}): SentCredentials {
  return {
    headers: new Headers(authorization === undefined ? headers : { ...headers, authorization }),
    query: new URLSearchParams(query),
    cookies: new Map(Object.entries(cookies)),
  };
}

/** What a scheme refuses a request with. */
function refusal(scheme: SecurityScheme<unknown>, request: Sent = {}): [number, unknown, string | undefined] {
  try {
    scheme.extract(sent(request));
  } catch (error) {
    assert.ok(error instanceof HTTPError);
    return [error.status, error.detail, error.headers?.["WWW-Authenticate"]];
  }
  return assert.fail("the request was let in");
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`;

test("httpBasic() refuses a realm that no header can have, where it is declared", () => {
  for (const realm of ["Łódź", "a\nb"])
    assert.throws(() => httpBasic({ realm }), {
      code: "OFFLOOP_OPTION_INVALID",
      message:
        /^Cannot use realm: expected text of one line in Latin-1, got ".*\n {2}at .*schemes\.test\.ts:/,
    });
  assert.deepEqual(refusal(httpBasic({ realm: 'Büro "A"' })), [
    401,
    "Not authenticated",
    'Basic realm="Büro \\"A\\""',
  ]);
});

describe("httpBasic()", () => {
  for (const [what, text, username, password] of [
    ["name and password", "john:secret", "john", "secret"],
    ["a password with colons", "john:a:b", "john", "a:b"],
    ["empty ones", ":", "", ""],
    ["letters beyond ASCII", "jörg:пароль", "jörg", "пароль"],
  ] as const) {
    test(`reads ${what}`, () => {
      assert.deepEqual(httpBasic().extract(sent({ authorization: basic(text) })), { username, password });
    });
  }

  for (const authorization of [
    undefined,
    "",
    "Basic",
    "Basic ",
    "Bearer am9objpzZWNyZXQ=",
    "Basic notabase64token",
    basic("johnsecret"),
    "Basic am9objpz*WNyZXQ=",
    `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString("base64")}`,
  ]) {
    test(`refuses the header ${JSON.stringify(authorization)} with a challenge`, () => {
      const request = authorization === undefined ? {} : { authorization };
      assert.deepEqual(refusal(httpBasic(), request), [401, "Not authenticated", "Basic"]);
    });
  }

  test("names its realm in the challenge, quotes escaped", () => {
    assert.equal(refusal(httpBasic({ realm: 'my "shop"' }))[2], 'Basic realm="my \\"shop\\""');
  });
});

describe("httpBearer()", () => {
  test("reads the token, whatever the case of the scheme and the spaces around", () => {
    for (const authorization of ["Bearer abc", "bearer abc", "BEARER   abc  "])
      assert.equal(httpBearer().extract(sent({ authorization })).credentials, "abc");
  });

  for (const authorization of ["", "Bearer", "Bearer ", "Basic abc", "Bearerabc"]) {
    test(`refuses the header ${JSON.stringify(authorization)} with a challenge`, () => {
      assert.deepEqual(refusal(httpBearer(), { authorization }), [401, "Not authenticated", "Bearer"]);
    });
  }

  test("refuses with the error it is given", () => {
    const scheme = httpBearer({
      schemeName: "HTTPBearer403",
      notAuthenticated: () => new HTTPError(403, "Not authenticated"),
    });
    assert.equal(scheme.schemeName, "HTTPBearer403");
    assert.deepEqual(refusal(scheme), [403, "Not authenticated", undefined]);
  });
});

describe("an API key", () => {
  test("is read from a header in any case, a parameter or a cookie", () => {
    assert.equal(apiKeyHeader("X-Key").extract(sent({ headers: { "x-KEY": "k1" } })), "k1");
    assert.equal(apiKeyQuery("key").extract(sent({ query: "key=k2&x=1" })), "k2");
    assert.equal(apiKeyCookie("session").extract(sent({ cookies: { session: "k3" } })), "k3");
  });

  test("that is absent or empty is refused with a challenge", () => {
    for (const scheme of [apiKeyHeader("X-Key"), apiKeyQuery("key"), apiKeyCookie("key")])
      assert.deepEqual(refusal(scheme), [401, "Not authenticated", "APIKey"]);
    assert.equal(refusal(apiKeyQuery("key"), { query: "key=" })[0], 401);
  });
});

describe("other schemes", () => {
  test("give what is theirs", () => {
    const authorization = 'Digest username="ada", realm="shop"';
    assert.deepEqual(httpDigest().extract(sent({ authorization })), {
      scheme: "Digest",
      credentials: 'username="ada", realm="shop"',
    });
    const bearer = { authorization: "Bearer abc" };
    assert.equal(oauth2PasswordBearer("token").extract(sent(bearer)), "abc");
    assert.equal(oauth2PasswordBearer("token").extract(sent({ authorization: "Bearer" })), "");
    assert.equal(oauth2({ password: { scopes: {} } }).extract(sent(bearer)), "abc");
    assert.equal(openIdConnect("/openid").extract(sent(bearer)), "Bearer abc");
  });

  test("challenge those without credentials", () => {
    assert.equal(refusal(httpDigest())[2], "Digest");
    assert.equal(refusal(oauth2PasswordBearer("token"))[2], "Bearer");
    assert.equal(refusal(openIdConnect("/openid"))[2], "Bearer");
  });

  test("give undefined instead of refusing when autoError is false", () => {
    const options = { autoError: false } as const;
    const schemes = [
      httpBasic(options),
      httpBearer(options),
      httpDigest(options),
      apiKeyHeader("x", options),
      apiKeyQuery("x", options),
      apiKeyCookie("x", options),
      oauth2PasswordBearer("token", options),
      openIdConnect("/openid", options),
    ];
    for (const scheme of schemes) assert.equal(scheme.extract(sent()), undefined);
  });
});

test("an API key under a name that nothing sent can have is refused where it is declared, not with each request", () => {
  for (const [scheme, names] of [
    [apiKeyHeader, ["", "X Key", "é", "a:b", 5, undefined]],
    [apiKeyCookie, ["", "a b", "a=b", "a;b", undefined]],
    [apiKeyQuery, ["", 5, undefined]],
  ] as const)
    for (const name of names)
      assert.throws(() => scheme(name as never), {
        code: "OFFLOOP_OPTION_INVALID",
        message: /^Cannot read an API key: expected the name of a .*\n {2}at .*schemes\.test\.ts:/,
      });
  for (const name of ["a b", "é", "a[]"]) apiKeyQuery(name);
});

test("a misspelt option of a scheme is refused", () => {
  for (const declare of [
    httpBearer,
    httpBasic,
    httpDigest,
    (options: object) => apiKeyHeader("X-Key", options),
  ])
    assert.throws(() => declare({ autoErr: false } as object), {
      code: "OFFLOOP_OPTION_UNKNOWN",
      message: /: there is no option "autoErr"; did you mean "autoError"\?\n {2}at .*schemes\.test\.ts:/,
    });
});
