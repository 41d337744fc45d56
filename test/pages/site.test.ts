import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { App, type Server, serve } from "offloop";
import type { Browser } from "playwright-core";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the documentation's site in Chromium", { skip: withoutChromium }, () => {
  const folder = mkdtempSync(join(tmpdir(), "offloop-site-page-"));
  let server: Server;
  let browser: Browser;

  before(async () => {
    const vitepress = join(root, "node_modules/vitepress/bin/vitepress.js");
    const args = [vitepress, "build", "site", "--outDir", folder];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const app = new App({ docsUrl: null, redocUrl: null });
    app.frontend("/", folder);
    server = await serve(app, { port: 0, logLevel: "silent", signals: false });
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  const names = ["index", "start", "jobs", "from-fastapi", "deployment"];
  const cases = [390, 768, 1280].flatMap((width) => names.map((name) => ({ name, width })));
  for (const { name, width } of cases)
    test(`${name} at ${width} px: no line of code goes on out of sight, and nothing is wider than the page`, async () => {
      const { page } = await openOffline(browser, `${server.url}/${name}.html`);
      await page.setViewportSize({ width, height: 850 });
      const blocks = page.locator(".vp-doc :not(.diagram) > div[class*='language-'] pre");
      const tooWide = await blocks.evaluateAll((shown) =>
        shown.filter((block) => block.scrollWidth > block.clientWidth).map(({ textContent }) => textContent),
      );
      assert.ok((await blocks.count()) > 0);
      assert.deepEqual(tooWide, []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      await takeScreenshot(page, `site-${name}-${width}`);
      await page.close();
    });

  test("on a phone the charts of the benchmarks are read in letters of 11 pixels at least", async () => {
    const { page } = await openOffline(browser, `${server.url}/benchmarks.html`);
    await page.setViewportSize({ width: 390, height: 850 });
    const charts = page.locator(".vp-doc img[src*='freeze']");
    assert.equal(await charts.count(), 5);
    const sizes = await charts.evaluateAll((shown) =>
      Promise.all(
        (shown as HTMLImageElement[]).map(async (image) => {
          const svg = await (await fetch(image.src)).text();
          const smallest = Math.min(
            ...[...svg.matchAll(/font-size="([\d.]+)px"/g)].map(([, size]) => Number(size)),
          );
          await image.decode();
          return (smallest * image.width) / image.naturalWidth;
        }),
      ),
    );
    for (const size of sizes) assert.ok(size >= 11, `${size} px`);
    await page.close();
  });
});
