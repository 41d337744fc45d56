import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type TestClient, testClient } from "offloop/testing";

const folder = mkdtempSync(join(tmpdir(), "offloop-login-"));
writeFileSync(join(folder, "index.html"), "<title>Login</title>");

describe("the example with a login", () => {
  let client: TestClient;
  before(async () => {
    process.env.WEB_FOLDER = folder;
    const { default: app } = await import("../../examples/09-login/app.ts");
    client = await testClient(app);
  });
  after(async () => {
    await client.close();
    rmSync(folder, { recursive: true });
  });

  /** Sends the cookie of an earlier answer, and gives the next one beside status and body. */
  async function ask(
    method: string,
    path: string,
    cookie = "",
    json?: object,
  ): Promise<[number, string, string]> {
    const body = json === undefined ? {} : { json };
    const response = await client.request(method, path, { headers: { cookie }, ...body });
    const [set = ""] = response.headers.getSetCookie();
    return [response.status, await response.text(), set.split(";")[0] ?? ""];
  }

  test("knows who has logged in, until the log-out", async () => {
    const name = { name: "ada", password: "correct horse" };
    assert.equal((await ask("GET", "/api/me"))[0], 401);
    const [status, body, cookie] = await ask("POST", "/api/login", "", name);
    assert.deepEqual([status, body], [200, '{"user":"ada"}']);
    assert.deepEqual((await ask("GET", "/api/me", cookie)).slice(0, 2), [200, '{"user":"ada"}']);
    const [, , emptied] = await ask("POST", "/api/logout", cookie);
    assert.deepEqual([emptied, (await ask("GET", "/api/me", emptied))[0]], ["session=", 401]);
  });

  test("counts wrong passwords in the session of the client that sent them", async () => {
    const wrong = { name: "ada", password: "wrong" };
    const [, first, cookie] = await ask("POST", "/api/login", "", wrong);
    assert.match(first, /attempt 1/);
    assert.match((await ask("POST", "/api/login", cookie, wrong))[1], /attempt 2/);
  });

  test("has a page at every path of the page's own, and JSON for an unknown path of the API", async () => {
    const page = await client.get("/account", { headers: { accept: "text/html" } });
    assert.equal(await page.text(), "<title>Login</title>");
    assert.deepEqual((await ask("GET", "/api/nothing")).slice(0, 2), [404, '{"detail":"Not Found"}']);
  });
});
