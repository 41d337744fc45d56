import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { browsedShop } from "./browsed-shop.ts";
import { takeScreenshot, withoutChromium, withStreams } from "./chromium.ts";

describe("/redoc in Chromium", { skip: withoutChromium }, () => {
  const shop = browsedShop();

  test("shows the API and finds in it, and asks nobody but its own origin", async () => {
    const { page, mishaps } = await shop.open("/redoc");
    await page.locator("h1", { hasText: "Shop" }).waitFor();
    await page.locator(".menu-content").getByText("Put Moments").waitFor();
    assert.ok((await page.locator("body").textContent())?.includes("/items/{item_id}"));
    await takeScreenshot(page, "redoc");

    // The search runs in a worker.
    await page.locator("input[placeholder='Search...']").fill("Moments");
    await page.locator("[data-role='search:results']").getByText("Put Moments").waitFor();
    await takeScreenshot(page, "redoc-search");
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  test("shows an app that streams, whose document is of a later version", async () => {
    await withStreams(async (url) => {
      const { page, mishaps } = await shop.openElsewhere(`${url}/redoc`);
      await page.locator("h1", { hasText: "Streams" }).waitFor();
      await page.locator(".menu-content").getByText("Get Events").waitFor();
      assert.deepEqual(mishaps, { left: [], errors: [] });
      await page.close();
    });
  });
});
