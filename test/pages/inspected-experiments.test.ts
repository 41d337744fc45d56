import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startApp } from "../../examples/experiments/client/app-process.ts";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";
import { overlapping, readRuns, redness, within } from "./inspected-page.ts";

describe("/_offloop during the three experiments, in Chromium", { skip: withoutChromium }, () => {
  test("shows plain tasks on several lanes, async ones on the loop's, and the line that blocks it", async () => {
    const app = await startApp();
    const browser = await startBrowser();
    try {
      const { page, mishaps } = await openOffline(browser, `${app.url}/_offloop`);
      const ask = async (path: string): Promise<void> => void (await (await fetch(app.url + path)).text());
      const multiplicity = (asAsync: number): Promise<void>[] =>
        Array.from({ length: 3 }, () => ask(`/multiplicity?as_async=${asAsync}&seconds=0.4`));
      await Promise.all([...multiplicity(0), ...multiplicity(1)]);
      const callsOf = (task: string, calls: number) =>
        page.locator("#figures tbody tr", { hasText: task }).locator(`td:nth-child(4):text-is("${calls}")`);
      await callsOf("wait sync", 9).waitFor();
      await callsOf("wait async", 9).waitFor();
      const runs = await readRuns(page);
      const plain = runs.filter(({ name }) => name === "wait sync");
      assert.ok(overlapping(plain).length > 0);
      for (const [one, other] of overlapping(plain)) assert.notEqual(one.lane, other.lane);
      assert.ok(!plain.some(({ lane }) => lane === "loop"));
      const async = runs.filter(({ name }) => name === "wait async");
      assert.deepEqual(new Set(async.map(({ lane }) => lane)), new Set(["loop"]));
      assert.ok(overlapping(async).length > 0);

      await ask("/blocking?as_async=1&seconds=1.5");
      const mark = page.locator(".mark.blocked", { hasText: /blocking\.ts:\d+/ }).first();
      await mark.waitFor();
      assert.match(
        (await mark.getAttribute("aria-label")) ?? "",
        /by task block async at blocking\.ts:\d+( \([\w ]+\))?$/,
      );
      assert.ok((await redness(mark)) > 2);
      assert.ok(await within(mark, page.locator(".label[data-lane='0']")));
      await page.locator("#runs summary").click();
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(() => window.scrollTo(0, 0));
        await page.evaluate(
          () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
        );
        await takeScreenshot(page, `inspector-experiments-${colorScheme}`);
      }
      assert.deepEqual(mishaps, { left: [], errors: [] });
    } finally {
      await browser.close();
      await app.close();
    }
  });
});
