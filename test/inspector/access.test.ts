import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judgeVisitor, type Visitor } from "../../src/inspector/access.ts";

const local: Visitor = {
  address: "127.0.0.1",
  host: "localhost:8000",
  forwarded: false,
  token: undefined,
  cookie: undefined,
};
const token = "a token that is long enough";

function status(visitor: Partial<Visitor>, withToken?: string): number {
  const access = judgeVisitor({ ...local, ...visitor }, withToken);
  return access.granted ? 200 : access.status;
}

describe("judgeVisitor() without a token", () => {
  for (const [expected, what, addresses] of [
    [200, "this machine", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]],
    [403, "others", ["10.0.0.1", "192.168.1.5", "::ffff:10.0.0.1", "fe80::1", "1127.0.0.1", "", undefined]],
  ] as const)
    test(`answers ${what} with ${expected}`, () => {
      for (const address of addresses) assert.equal(status({ address }), expected, String(address));
    });

  for (const [expected, what, hosts] of [
    [200, "own names", ["localhost", "LOCALHOST:1", "app.localhost:80", "127.0.0.1:8000", "[::1]:8000"]],
    [
      403,
      "names that somebody may have pointed here",
      [
        "evil.example",
        "localhost.evil.example",
        "notlocalhost",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "",
        undefined,
      ],
    ],
  ] as const)
    test(`answers ${what} with ${expected}`, () => {
      for (const host of hosts) assert.equal(status({ host }), expected, String(host));
    });

  test("answers nobody behind a proxy", () => {
    assert.equal(status({ forwarded: true }), 403);
  });

  test("takes no token for one", () => {
    assert.equal(status({ address: "10.0.0.1", token }), 403);
  });
});

describe("judgeVisitor() with a token", () => {
  test("asks this machine for it, too", () => {
    assert.equal(status({}, token), 401);
    for (const wrong of ["", token.slice(1), `${token} `, token.toUpperCase()])
      assert.equal(status({ token: wrong, cookie: wrong }, token), 401);
  });

  test("gives a cookie for it, which opens from anywhere and is not the token", () => {
    const access = judgeVisitor({ ...local, address: "10.0.0.1", host: "dev.example", token }, token);
    const cookie = access.granted ? access.cookie : undefined;
    assert.ok(cookie !== undefined && !cookie.includes(token));
    assert.equal(status({ address: "10.0.0.1", host: "dev.example", forwarded: true, cookie }, token), 200);
    assert.equal(status({ token: cookie }, token), 401);
    assert.equal(status({ cookie: token }, token), 401);
    assert.equal(status({ cookie }, `${token}!`), 401);
  });
});
