import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Server, serve } from "offloop";
import type { Browser } from "playwright-core";
import { build } from "vite";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";

describe("a page that Vite has built, with a login by session", { skip: withoutChromium }, () => {
  let server: Server;
  let browser: Browser;
  const outDir = mkdtempSync(join(tmpdir(), "offloop-vite-"));
  before(async () => {
    const root = fileURLToPath(new URL("../../examples/09-login/web", import.meta.url));
    await build({ root, configFile: false, logLevel: "error", build: { outDir, emptyOutDir: true } });
    process.env.WEB_FOLDER = outDir;
    const { default: app } = await import("../../examples/09-login/app.ts");
    server = await serve(app, { port: 0, logLevel: "silent", signals: false });
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    rmSync(outDir, { recursive: true });
  });

  test("logs in and out, and is there again when one of its own paths is reloaded", async () => {
    const { page, mishaps } = await openOffline(browser, server.url);
    const caching = new Map<string, string | undefined>();
    page.on("response", (response) =>
      caching.set(new URL(response.url()).pathname, response.headers()["cache-control"]),
    );
    await page.reload();
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password").fill("wrong");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByText("Wrong password: attempt 1").waitFor();
    await takeScreenshot(page, "login-refused");
    await page.getByLabel("Password").fill("correct horse");
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("heading", { name: "Hello, ada" }).waitFor();
    assert.equal(new URL(page.url()).pathname, "/account");
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie?.name, cookie?.httpOnly, cookie?.sameSite], ["session", true, "Lax"]);
    assert.equal(await page.evaluate("document.cookie"), "");
    await page.reload();
    await page.getByRole("heading", { name: "Hello, ada" }).waitFor();
    await takeScreenshot(page, "logged-in");
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByLabel("Password").waitFor();
    assert.deepEqual(await page.context().cookies(), []);
    const built = [...caching].filter(([path]) => path.startsWith("/assets/"));
    assert.equal(built.length, 2, "a script and a style sheet");
    for (const [path, said] of built) assert.match(said ?? "", /immutable/, path);
    assert.equal(caching.get("/account"), "no-cache");
    assert.deepEqual(mishaps.left, []);
    assert.deepEqual(
      mishaps.errors.filter((one) => !one.includes("401")),
      [],
    );
    await page.close();
  });
});
