import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { browsedShop } from "./browsed-shop.ts";
import { takeScreenshot, withoutChromium, withStreams } from "./chromium.ts";

describe("/docs in Chromium", { skip: withoutChromium }, () => {
  const shop = browsedShop();

  test("shows every operation, and asks nobody but its own origin", async () => {
    const { page, mishaps } = await shop.open("/docs");
    await page.locator(".opblock").first().waitFor();
    const shown = await page.locator(".opblock-summary-path").allTextContents();
    assert.ok(shown.some((path) => path.replaceAll("\u200b", "") === "/items/{item_id}"));
    assert.ok(!shown.some((path) => path.includes("internal")));
    const information = await page.locator(".information-container").textContent();
    assert.match(information ?? "", /Shop[\s\S]*1\.2\.3[\s\S]*A shop with things/);
    await takeScreenshot(page, "docs");
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  for (const [lane, id, fill, expected] of [
    [
      "the loop",
      "operations-items-readItem_items__item_id__get",
      fillItem,
      /"name": "item 42"[\s\S]*"price": 7/,
    ],
    ["a thread", "operations-items-post_items", null, /"name": "Axe"/],
  ] as const) {
    test(`executes an operation that runs on ${lane}`, async () => {
      const { page, mishaps } = await shop.open("/docs");
      await execute(page, id, fill);
      assert.match(await answer(page, id), expected);
      await takeScreenshot(page, `docs-${id}`);
      assert.deepEqual(mishaps, { left: [], errors: [] });
      await page.close();
    });
  }

  test("sends the credentials that were given to Authorize", async () => {
    const { page, mishaps } = await shop.open("/docs");
    await page.locator("button.authorize").first().click();
    const dialog = page.locator(".dialog-ux .modal-ux");
    await dialog.waitFor();
    const basic = dialog.locator(".auth-container", { hasText: "HTTPBasic" });
    await basic.locator("input[name=username]").fill("ada");
    await basic.locator("input[name=password]").fill("secret");
    await basic.locator("button.authorize").click();
    const key = dialog.locator(".auth-container", { hasText: "APIKeyHeader" });
    await key.locator("input").fill("k1");
    await key.locator("button.authorize").click();
    const oauth2 = dialog.locator(".auth-container", { hasText: "OAuth2AuthorizationCodeBearer" });
    await oauth2.scrollIntoViewIfNeeded();
    assert.match((await oauth2.textContent()) ?? "", /authorizationCode[\s\S]*items:write/);
    await takeScreenshot(page, "docs-authorize");
    await dialog.locator("button.close-modal").click();

    await execute(page, "operations-default-get_login", null);
    assert.match(await answer(page, "operations-default-get_login"), /200[\s\S]*"ada"/);
    await execute(page, "operations-default-get_key", null);
    assert.match(await answer(page, "operations-default-get_key"), /200[\s\S]*"k1"/);
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  test("shows an app that streams, whose document is of a later version", async () => {
    await withStreams(async (url) => {
      const { page, mishaps } = await shop.openElsewhere(`${url}/docs`);
      await page.locator("#operations-default-get_events .opblock-summary-control").click();
      await page.locator("#operations-default-get_events .responses-table").first().waitFor();
      await takeScreenshot(page, "docs-streams");
      assert.deepEqual(mishaps, { left: [], errors: [] });
      await page.close();
    });
  });

  test("follows the system's dark mode, also when it changes", async () => {
    const { page, mishaps } = await shop.open("/docs");
    await page.locator(".opblock").first().waitFor();
    const light = await background(page);
    await page.emulateMedia({ colorScheme: "dark" });
    await page.locator("html.dark-mode").waitFor();
    assert.notEqual(await background(page), light);
    await takeScreenshot(page, "docs-dark");
    await page.reload();
    await page.locator("html.dark-mode .opblock").first().waitFor();
    await page.emulateMedia({ colorScheme: "light" });
    await page.locator("html:not(.dark-mode)").waitFor();
    assert.equal(await background(page), light);
    assert.deepEqual(mishaps, { left: [], errors: [] });
    await page.close();
  });

  test("has a page that hands an authorization code over", async () => {
    const { page, mishaps } = await shop.open("/docs/oauth2-redirect?code=1&state=x");
    assert.equal(await page.evaluate("typeof run"), "function");
    assert.deepEqual(mishaps.left, []);
    await page.close();
  });
});

/** The colour behind its operations. */
function background(page: Page): Promise<unknown> {
  return page.evaluate(`getComputedStyle(document.querySelector(".swagger-ui")).backgroundColor`);
}

async function fillItem(page: Page, id: string): Promise<void> {
  await page.locator(`#${id} tr[data-param-name=item_id] input`).fill("42");
  await page.locator(`#${id} tr[data-param-name=limit] input`).fill("7");
}

async function execute(
  page: Page,
  id: string,
  fill: ((page: Page, id: string) => Promise<void>) | null,
): Promise<void> {
  const operation = page.locator(`#${id}`);
  await operation.locator(".opblock-summary-control").click();
  await operation.locator("button.try-out__btn").click();
  await fill?.(page, id);
  await operation.locator("button.execute").click();
  await operation.locator(".live-responses-table .response").waitFor();
}

async function answer(page: Page, id: string): Promise<string> {
  return (await page.locator(`#${id} .live-responses-table .response`).textContent()) ?? "";
}
