import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { passwordForm, strictPasswordForm } from "offloop/security";
import { toJsonSchema } from "../../src/openapi/tidy-schema.ts";

type Result = {
  readonly value?: unknown;
  readonly issues?: readonly { readonly path?: readonly unknown[] }[];
};

const read = (form: unknown): Result => passwordForm["~standard"].validate(form) as Result;
const places = ({ issues = [] }: Result): unknown[] => issues.map(({ path }) => path?.[0]);

describe("passwordForm", () => {
  test("splits the scopes and lets everything else through", () => {
    const form = { username: "ada", password: "s", scope: " me  items ", grant_type: "password", extra: "x" };
    assert.deepEqual(read(form).value, {
      grant_type: "password",
      username: "ada",
      password: "s",
      scopes: ["me", "items"],
      client_id: undefined,
      client_secret: undefined,
    });
    assert.deepEqual((read({ username: "ada", password: "s" }).value as { scopes: unknown }).scopes, []);
  });

  test("names every field that is missing or wrong", () => {
    assert.deepEqual(places(read({})), ["username", "password"]);
    assert.deepEqual(places(read({ username: "a", password: "s", grant_type: "code" })), ["grant_type"]);
    assert.deepEqual(places(read({ username: ["a", "b"], password: "s", client_id: 1 })), [
      "username",
      "client_id",
    ]);
    for (const value of [undefined, null, "text"]) assert.equal(read(value).issues?.length, 1);
  });

  test("requires the grant type when it is strict", () => {
    const result = strictPasswordForm["~standard"].validate({ username: "a", password: "s" }) as Result;
    assert.deepEqual(places(result), ["grant_type"]);
  });

  test("is documented as FastAPI does", () => {
    const { properties, required } = toJsonSchema(passwordForm, "input");
    assert.deepEqual(required, ["username", "password"]);
    assert.deepEqual(properties, {
      grant_type: { anyOf: [{ type: "string", pattern: "^password$" }, { type: "null" }] },
      username: { type: "string" },
      password: { type: "string", format: "password" },
      scope: { type: "string", default: "" },
      client_id: { anyOf: [{ type: "string" }, { type: "null" }] },
      client_secret: { anyOf: [{ type: "string" }, { type: "null" }], format: "password" },
    });
  });
});
