import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Server } from "offloop";
import type { Browser } from "playwright-core";
import { listen } from "../../src/http/lifecycle/listen.ts";
import app from "../fixtures/failing-app.ts";
import { findAccessibilityProblems } from "./accessibility.ts";
import { startBrowser, withoutChromium } from "./chromium.ts";

describe("the page of an error in development, in Chromium", { skip: withoutChromium }, () => {
  let browser: Browser;
  let server: Server;
  before(async () => {
    browser = await startBrowser();
    const options = { port: 0, logLevel: "silent", signals: false, debug: true } as const;
    server = await listen(app, options, undefined);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  test("marks its line as far as that can be scrolled, and only the error is red", async () => {
    const page = await browser.newPage({ viewport: { width: 400, height: 900 } });
    await page.goto(`${server.url}/loop/throws?q=1`);
    const [marked, scrolled] = await page
      .locator(".frame[open] mark")
      .evaluate((mark) => [mark.clientWidth, mark.scrollWidth] as const);
    assert.equal(marked, scrolled);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 400);
    const colours = await page
      .locator("h1, h2, body")
      .evaluateAll((shown) => shown.map((each) => getComputedStyle(each).color));
    const [body, error, request] = colours;
    assert.notEqual(error, body);
    assert.equal(request, body);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findAccessibilityProblems(page), [], colorScheme);
    }
    await page.close();
  });
});
