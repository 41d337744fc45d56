import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SignJWT } from "jose";
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
