import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Server, serve } from "offloop";
import type { Browser } from "playwright-core";
import app from "../../examples/04-security/app.ts";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";

const ME = "operations-default-get_users_me";
const ITEMS = "operations-default-get_users_me_items";

describe("Authorize in /docs with OAuth2's password flow", { skip: withoutChromium }, () => {
  let server: Server;
  let browser: Browser;
  before(async () => {
    server = await serve(app, { port: 0, logLevel: "silent", signals: false });
    const body = JSON.stringify({ username: "ada", password: "correct horse" });
    const headers = { "content-type": "application/json" };
    assert.equal((await fetch(`${server.url}/users`, { method: "POST", body, headers })).status, 201);
    browser = await startBrowser();
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  test("logs in with the scopes that were ticked, and sends the token", async () => {
    const { page, mishaps } = await openOffline(browser, `${server.url}/docs`);
    await page.locator("button.authorize").first().click();
    const dialog = page.locator(".dialog-ux .modal-ux");
    await dialog.locator("input#oauth_username").fill("ada");
    await dialog.locator("input#oauth_password").fill("correct horse");
    await dialog.locator("label[for*=me-password]").click();
    await dialog.locator("button.authorize").click();
    await dialog.locator("h6", { hasText: "Authorized" }).waitFor();
    await takeScreenshot(page, "docs-logged-in");
    await dialog.locator("button.close-modal").click();
    for (const [id, expected] of [
      [ME, /200[\s\S]*"username": "ada"/],
      [ITEMS, /401[\s\S]*Not enough permissions/],
    ] as const) {
      const operation = page.locator(`#${id}`);
      await operation.locator(".opblock-summary-control").click();
      await operation.locator("button.try-out__btn").click();
      await operation.locator("button.execute").click();
      const answer = operation.locator(".live-responses-table .response");
      await answer.waitFor();
      assert.match((await answer.textContent()) ?? "", expected);
    }
    assert.deepEqual(mishaps.left, []);
    await page.close();
  });
});
