import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import helmet from "@fastify/helmet";
import { App, type Server } from "offloop";
import type { Browser } from "playwright-core";
import { listen } from "../../src/http/lifecycle/listen.ts";
import { openOffline, startBrowser, withoutChromium } from "./chromium.ts";

describe("the pages of an app with @fastify/helmet as it is, in Chromium", { skip: withoutChromium }, () => {
  let browser: Browser;
  let server: Server;
  before(async () => {
    const app = new App({ title: "Guarded" });
    app.register(helmet);
    app.get("/items", async () => ["a"]);
    app.get("/broken", async () => {
      throw new Error("on purpose");
    });
    browser = await startBrowser();
    const options = { port: 0, logLevel: "silent", signals: false, debug: true, inspector: true } as const;
    server = await listen(app, options, undefined);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });

  test("/docs executes an operation", async () => {
    const { page, mishaps } = await openOffline(browser, `${server.url}/docs`);
    const operation = page.locator("#operations-default-get_items");
    await operation.locator(".opblock-summary-control").click();
    await operation.locator("button.try-out__btn").click();
    await operation.locator("button.execute").click();
    await operation.locator(".live-responses-table .response", { hasText: "200" }).waitFor();
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  test("/redoc finds an operation, in a worker", async () => {
    const { page, mishaps } = await openOffline(browser, `${server.url}/redoc`);
    await page.locator(".menu-content").getByText("Get Items").waitFor();
    await page.locator("input[placeholder='Search...']").fill("Items");
    await page.locator("[data-role='search:results']").getByText("Get Items").waitFor();
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  test("the inspector shows a run", async () => {
    const { page, mishaps } = await openOffline(browser, `${server.url}/_offloop`);
    await fetch(`${server.url}/items`);
    await page.locator("#figures tbody tr", { hasText: "GET /items" }).waitFor();
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  test("the page of an error marks its line", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) errors.push(message.text());
    });
    await page.goto(`${server.url}/broken`);
    const mark = page.locator(".frame[open] mark").first();
    await mark.waitFor();
    assert.notEqual(
      await mark.evaluate((one) => getComputedStyle(one).backgroundColor),
      await page.locator("body").evaluate((one) => getComputedStyle(one).backgroundColor),
    );
    assert.deepEqual(errors, []);
    await page.close();
  });
});
