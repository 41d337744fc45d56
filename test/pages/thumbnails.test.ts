import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Server, serve } from "offloop";
import type { Browser, Page } from "playwright-core";
import app from "../../examples/07-jobs/app.ts";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";

describe("the page of 07-jobs, whose jobs are embedded", { skip: withoutChromium }, () => {
  let folder: string;
  let server: Server;
  let browser: Browser;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "offloop-thumbnails-"));
    server = await serve(app, { port: 0, logLevel: "silent", signals: false, jobs: { dir: folder } });
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function upload(page: Page): Promise<void> {
    const image = { name: "a.png", mimeType: "image/png", buffer: Buffer.from("picture") };
    await page.getByLabel("Image").setInputFiles(image);
    await page.getByRole("button", { name: "Upload" }).click();
  }

  test("shows a job until it is done", async () => {
    const { page, mishaps } = await openOffline(browser, server.url);
    await upload(page);
    await page
      .getByRole("status")
      .filter({ hasText: /^done: [0-9a-f]{8}$/ })
      .waitFor();
    assert.equal(await page.getByRole("progressbar").getAttribute("value"), "1");
    assert.equal(await page.getByRole("button", { name: "Cancel" }).isDisabled(), true);
    await takeScreenshot(page, "thumbnail-done");
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  test("cancels the job that runs", async () => {
    const { page, mishaps } = await openOffline(browser, server.url);
    const longest = `<input type="hidden" name="steps" value="200">`;
    await page
      .locator("form")
      .evaluate((form, field) => form.insertAdjacentHTML("beforeend", field), longest);
    await upload(page);
    await page.getByRole("status").filter({ hasText: "running" }).waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("status").filter({ hasText: "cancelled" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Cancel" }).isDisabled(), true);
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });
});
