import assert from "node:assert/strict";
import { test } from "node:test";
import { Redaction } from "../../src/http/logs/redaction.ts";
import { SecretNames } from "../../src/http/logs/secret-names.ts";

const redaction = new Redaction(new SecretNames(["IBAN"]));
const H = "[redacted]";

test("Redaction hides a field by the words of its name, whatever its case and however they are joined", () => {
  for (const name of [
    ...[
      "password",
      "PASSWORD",
      "user_password",
      "passwordHash",
      "access-token",
      "refreshToken",
      "clientSecret",
    ],
    ...[
      "Authorization",
      "proxy-authorization",
      "set-cookie",
      "api_key",
      "apiKey",
      "X-API-Key",
      "privateKey",
      "iban",
    ],
  ])
    assert.deepEqual(redaction.fields({ [name]: "S" }), { [name]: H });
  for (const name of ["key", "tokens", "author", "session", "code", "secretary", "passport"])
    assert.deepEqual(redaction.fields({ [name]: "shown" }), { [name]: "shown" });
});

test("Redaction says whether there is a secret: what is absent, or a yes or no, is shown", () => {
  const fields = { token: null, secret: undefined, password: true, otp: 0 };
  assert.deepEqual(redaction.fields(fields), { ...fields, otp: H });
});

test("Redaction looks into lists, objects with a toJSON, and errors, at any depth, and changes nothing", () => {
  class User {
    readonly token = "S";
    toJSON(): object {
      return { name: "ada", nested: [{ token: this.token }] };
    }
  }
  const failed = Object.assign(new Error("no"), { request: { headers: { cookie: "S" } } });
  const fields = { list: [[{ a: { b: { c: { d: { e: { token: "S" } } } } } }]], user: new User(), failed };
  assert.doesNotMatch(JSON.stringify(redaction.fields(fields)), /"S"/);
  assert.match(JSON.stringify(fields), /"S"/);
  assert.equal(failed.request.headers.cookie, "S");
});

test("Redaction gives the same object where there is nothing to hide", () => {
  const fields = { a: 1, list: [{ b: 2 }], bytes: new Uint8Array(3) };
  assert.equal(redaction.fields(fields), fields);
});

test("Redaction shows nothing of a secret in a circle, too deep, or behind a getter that throws", () => {
  const circle: Record<string, unknown> = { token: "S" };
  circle.self = circle;
  let deep: object = { token: "S" };
  for (let n = 0; n < 5_000; n++) deep = { deep };
  const throwing = {
    inner: Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    }),
  };
  const shown = JSON.stringify(redaction.fields({ circle, deep, throwing }));
  assert.doesNotMatch(shown, /"S"/);
  assert.match(shown, /\[Circular\].*\[too deep\].*\[cannot be read\]/);
});

test("Redaction gives a line for fields of which some, or not even the names, can be read", () => {
  const fails = (): never => {
    throw new Error("no");
  };
  const half = Object.defineProperty({ a: 1, token: "S" }, "b", { enumerable: true, get: fails });
  assert.deepEqual(redaction.fields(half), { a: 1, token: "[redacted]", b: "[cannot be read]" });
  assert.deepEqual(redaction.fields(new Proxy({}, { ownKeys: fails })), { fields: "[cannot be read]" });
});
