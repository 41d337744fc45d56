import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { type Command, listening, offloop } from "../fixtures/cli.ts";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";

const app = fileURLToPath(new URL("../../examples/10-chat/app.ts", import.meta.url));

/** Lines of a page that hold this text. */
function linesWith(page: Page, text: string): Locator {
  return page.locator("#lines li", { hasText: text });
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** Resolves when the page says this about its connection. */
async function says(page: Page, state: string): Promise<void> {
  await page.getByRole("status").filter({ hasText: state }).waitFor();
}

describe("the page of the chat, in two windows", { skip: withoutChromium }, () => {
  let server: Command;
  let url: string;
  let browser: Browser;

  async function start(port: string): Promise<void> {
    server = offloop("run", app, "--port", port);
    url = await listening(server);
  }

  async function stop(): Promise<void> {
    server.child.kill("SIGTERM");
    await server.ended();
  }

  before(async () => {
    await start("0");
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await stop();
  });

  test("carries what each says to the other, and connects again when the server is restarted", async () => {
    const { page: ada, mishaps } = await openOffline(browser, `${url}/?room=tea&name=Ada`);
    await linesWith(ada, "Welcome to tea, Ada").waitFor();
    const { page: bob, mishaps: others } = await openOffline(browser, `${url}/?room=tea&name=Bob`);
    await linesWith(ada, "Bobcame in").waitFor();
    await say(ada, "hello <b>Bob</b>");
    for (const page of [ada, bob]) await linesWith(page, "Adahello <b>Bob</b>").waitFor();
    await ada.getByRole("button", { name: "Count primes" }).click();
    await linesWith(ada, "348513 primes below 5000000").waitFor();
    await ada.locator("#clock:not(:empty)").waitFor();
    await takeScreenshot(ada, "chat");

    await stop();
    for (const page of [ada, bob]) await says(page, "connecting again");
    await takeScreenshot(ada, "chat-lost");
    await say(ada, "are you there?");
    await start(new URL(url).port);
    await says(ada, "Ada in tea");
    await says(bob, "Bob in tea");
    await linesWith(bob, "Welcome to tea, Bob").nth(1).waitFor();
    await ada.getByRole("button", { name: "Send" }).click(); // what could not be sent is still in the field
    for (const page of [ada, bob]) await linesWith(page, "Adaare you there?").waitFor();
    await say(bob, "yes");
    await linesWith(ada, "Bobyes").waitFor();

    assert.equal(await linesWith(ada, "hello").count(), 1);
    assert.equal(await linesWith(bob, "primes").count(), 0);
    for (const { left, errors } of [mishaps, others]) {
      assert.deepEqual(left, []);
      assert.deepEqual(
        errors.filter((one) => !one.startsWith("WebSocket connection to")), // while no server was there
        [],
      );
    }
  });
});
