import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { type Server, serve } from "offloop";
import type { Browser, Page } from "playwright-core";
import type { Trace } from "../../src/inspector/page/trace.ts";
import { findAccessibilityProblems } from "./accessibility.ts";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";
import { overlapping, readRuns, redness, within } from "./inspected-page.ts";
import app from "./lanes-app.ts";

/** An operation whose name takes several lines. */
const LONG = {
  operation: "GET /organisations/:organisation/departments/:department/employees/:employee/payslips/:payslip",
  path: "/organisations/1/departments/2/employees/3/payslips/4",
};

/** Resolves when the page has drawn twice since. */
function drawn(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));
}

/** The requests of the runs of a name, as the table has them. */
async function readRequests(page: Page, name: string): Promise<string[]> {
  await readRuns(page);
  return page.locator("#runs tbody tr", { hasText: name }).locator("a").allTextContents();
}

describe("/_offloop in Chromium", { skip: withoutChromium }, () => {
  let browser: Browser;
  let server: Server;

  before(async () => {
    browser = await startBrowser();
  });
  // A server keeps what has happened: the marks of one test would lie where the next one clicks.
  beforeEach(async () => {
    const quiet = { port: 0, logLevel: "silent", signals: false } as const;
    server = await serve(app, { ...quiet, inspector: true });
    while (server.threads.threads < 3) await ask(...Array(6).fill("/plain?ms=100"));
  });
  afterEach(() => server.close());
  after(() => browser?.close());

  const ask = async (...paths: readonly string[]): Promise<void> => {
    await Promise.all(paths.map(async (path) => (await fetch(server.url + path)).text()));
  };
  const shows = async (page: Page, name: string): Promise<void> =>
    page.locator("#figures tbody tr", { hasText: name }).waitFor();
  /** The page, when the ends of what was asked have come to it. */
  const openAfter = async (...paths: readonly string[]): Promise<Page> => {
    const { page, mishaps } = await openOffline(browser, `${server.url}/_offloop`);
    await page.locator("#status[data-state=live]").waitFor();
    await ask(...paths);
    for (const path of new Set(paths))
      await shows(page, path === LONG.path ? LONG.operation : `GET ${path.replace(/\?.*/, "")}`);
    await page.locator("#facts", { hasText: "0 open on the loop · 0 waiting" }).waitFor();
    page.once("close", () => assert.deepEqual(mishaps, { left: [], errors: [] }));
    return page;
  };

  test("plain runs overlap on different lanes, async ones on the lane of the loop", async () => {
    const page = await openAfter(...Array(6).fill("/plain?ms=400"), ...Array(4).fill("/async?ms=400"));
    const runs = await readRuns(page);
    const plain = runs.filter(({ name }) => name === "GET /plain");
    assert.ok(plain.length >= 6); // those that had the threads start are among them
    assert.ok(!plain.some(({ lane }) => lane === "loop"));
    const pairs = overlapping(plain);
    assert.ok(pairs.length > 0);
    for (const [one, other] of pairs) assert.notEqual(one.lane, other.lane);
    const async = runs.filter(({ name }) => name === "GET /async");
    assert.deepEqual(new Set(async.map(({ lane }) => lane)), new Set(["loop"]));
    assert.ok(overlapping(async).length >= 3);
    await page.close();
  });

  test("a blocked stretch is red, on the lane of the loop, and names its line", async () => {
    const page = await openAfter("/blocking?ms=700");
    // The browser is driven from the same process, and may block its loop too.
    const mark = page.locator(".mark.blocked", { hasText: "GET /blocking" }).last();
    await mark.waitFor();
    assert.match(
      (await mark.getAttribute("aria-label")) ?? "",
      /by GET \/blocking at lanes-app\.ts:\d+( \([\w ]+\))?$/,
    );
    assert.match((await mark.textContent()) ?? "", /lanes-app\.ts:\d+/);
    assert.ok((await redness(mark)) > 2);
    assert.ok(await within(mark, page.locator(".label[data-lane='0']")));
    await mark.click();
    const incident = page.locator("#incidents li details[open]");
    await incident.waitFor();
    assert.match((await incident.locator("pre").textContent()) ?? "", /pages\/lanes-app\.ts:\d+/);
    await incident.locator("button").first().click();
    await page.locator("#status[data-state=paused]").waitFor();
    await page.close();
  });

  test("ended threads, failed tasks, errors and deadlines are incidents, with what they say", async () => {
    const page = await openAfter("/endless", "/tasks?ms=10", "/throwing", "/late");
    for (const title of [
      /^Thread ended: GET \/\w+ ran past its deadline at lanes-app\.ts:\d+/,
      /^task refuse failed: Error: No/,
      /^GET \/throwing answered 500, TypeError: Nothing there at lanes-app\.ts:\d+/,
      /^GET \/late ran past its deadline: /,
    ])
      await page.locator("#incidents summary", { hasText: title }).first().waitFor();
    await page.locator(".mark.killed").first().waitFor();
    await page.close();
  });

  test("everything can be reached with the keyboard alone", async () => {
    const page = await openAfter("/plain?ms=300", "/async?ms=300", "/blocking?ms=200");
    const focus = async (selector: string): Promise<void> => {
      for (let presses = 0; presses < 60; presses++) {
        if (
          await page
            .locator(selector)
            .first()
            .evaluate((element) => element === document.activeElement)
        )
          return;
        await page.keyboard.press("Tab");
      }
      assert.fail(`${selector} cannot be reached`);
    };
    await focus("#filter");
    await page.keyboard.type("plain");
    await page.locator("#figures tbody tr", { hasText: "GET /async" }).waitFor({ state: "hidden" });
    await page.locator("#figures tbody tr", { hasText: "GET /plain" }).waitFor();
    await page.locator("#filter").fill("");
    await focus("#lanes");
    await page.keyboard.press("Space");
    await page.locator("#status[data-state=paused]").waitFor();
    const span = await page.locator("#span").textContent();
    await page.keyboard.press("+");
    await page.locator("#span", { hasText: "6.67 s" }).waitFor();
    assert.notEqual(await page.locator("#span").textContent(), span);
    await page.keyboard.press("-");
    // What is chosen next is in the stretch that was drawn last.
    await page
      .locator("#span")
      .getByText(span ?? "", { exact: true })
      .waitFor();
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.locator("#tip").waitFor();
    assert.match((await page.locator("#spoken").textContent()) ?? "", /on the loop.*answered 200/);
    assert.ok(await within(page.locator("#selected"), page.locator(".label[data-lane='0']"), 8));
    await page.keyboard.press("Enter");
    await page.locator("#span", { hasText: /ms|^[1-5](\.\d+)? s/ }).waitFor();
    await page.keyboard.press("0");
    await page.locator("#status[data-state=live]").waitFor();
    for (const selector of [
      "#download",
      ".mark.blocked",
      "#keys summary",
      "#incidents summary",
      "#runs summary",
    ])
      await focus(selector);
    await page.keyboard.press("Enter");
    assert.ok(await page.locator("#runs").evaluate((element) => (element as HTMLDetailsElement).open));
    await page.close();
  });

  test("wheel and drag zoom, and what is under the pointer is told", async () => {
    const page = await openAfter("/async?ms=300");
    await page.locator("#pause").click();
    await page.locator("#status[data-state=paused]").waitFor();
    const spanIs = (fits: RegExp): Promise<void> => page.locator("#span", { hasText: fits }).waitFor();
    const over = page.locator("#lanes .u-over");
    await over.hover({ position: { x: 5, y: 20 } }); // it stands still by then
    const box = (await over.boundingBox()) ?? assert.fail();
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await page.mouse.wheel(0, -200);
    await spanIs(/^6\.[67]/);
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 4 });
    await page.waitForFunction(
      (width) => Math.abs((document.querySelector(".u-select")?.clientWidth ?? 0) - width) < 4,
      box.width / 2,
    );
    await page.mouse.up();
    await spanIs(/^3\.[2-5]/);
    await over.dblclick({ position: { x: 5, y: 5 } });
    await page.locator("#status[data-state=live]").waitFor();
    await ask("/async?ms=1500");
    await page.locator("#facts", { hasText: "0 open on the loop" }).waitFor();
    await page.locator("#pause").click();
    await page.locator("#status[data-state=paused]").waitFor();
    // It stands still now: the bar is found from the right.
    const tip = page.locator("#tip", { hasText: "GET /async" });
    for (let left = 4; left < box.width && !(await tip.isVisible()); left += 20) {
      await page.mouse.move(box.x + box.width - left, box.y + 14);
      await page.evaluate(drawn);
    }
    await tip.waitFor();
    await page.close();
  });

  test("a click on a bar pins its request: the address names it, and all that ran for it is told", async () => {
    const page = await openAfter("/tasks?ms=120");
    await shows(page, "resize");
    await shows(page, "refuse");
    await page.locator("#pause").click();
    const requests = await readRequests(page, "resize");
    await page
      .locator("#runs tbody a", { hasText: requests[0] ?? assert.fail() })
      .first()
      .click();
    const story = page.locator("#story");
    await story.waitFor();
    const steps = story.locator("#story-steps li .name");
    await steps.nth(2).waitFor();
    assert.deepEqual(await steps.allTextContents(), ["GET /tasks", "task resize", "task refuse"]);
    await story.locator("#story-trouble", { hasText: "task refuse failed: Error: No" }).waitFor();
    const address = page.url();
    assert.ok(address.endsWith(`#request=${encodeURIComponent(requests[0] ?? "")}`));
    // Somebody else opens it.
    const other = await openOffline(browser, address);
    await other.page.locator("#story-steps li", { hasText: "task resize" }).waitFor();
    await other.page.locator("#status[data-state=paused]").waitFor();
    await other.page.locator("#story-unpin").click();
    await story.page().locator("#story-show").waitFor();
    await other.page.locator("#story").waitFor({ state: "hidden" });
    assert.ok(!other.page.url().includes("request="));
    await other.page.close();
    await page.close();
  });

  test("the production of chunks is drawn on its lane, and how each stream ended is told", async () => {
    const page = await openAfter("/streamed?ms=100", "/fed?ms=100");
    await fetch(`${server.url}/breaking?ms=100`).then((response) => assert.rejects(response.text()));
    await fetch(`${server.url}/fed?ms=200`).then(({ body }) => body?.cancel());
    await page
      .locator("#incidents summary", { hasText: /^GET \/breaking broke off: RangeError: Too far/ })
      .waitFor();
    const runs = page.locator("#runs tbody tr");
    await readRuns(page);
    for (const [name, outcome] of [
      ["GET /streamed", "answered 200, its stream was sent whole"],
      ["GET /fed", "answered 200, its client left before the end"],
      ["GET /breaking", "answered 200, its stream broke off"],
      ["stream of GET /breaking", "threw"],
    ] as const)
      await runs.filter({ hasText: name }).filter({ hasText: outcome }).first().waitFor();
    const parts = (await readRuns(page)).filter(({ name }) => name.startsWith("stream of"));
    const ms = (of: string): number =>
      parts.filter(({ name }) => name === of).reduce((sum, run) => sum + run.endedAt - run.startedAt, 0);
    assert.ok(ms("stream of GET /streamed") >= 190);
    for (const { name, lane } of parts) assert.equal(lane === "loop", name !== "stream of GET /streamed");
    await page.locator("#pause").click();
    await takeScreenshot(page, "inspector-streams");
    await runs.filter({ hasText: "stream of GET /streamed" }).first().locator("a").click();
    await page.locator("#story-steps", { hasText: "answered 200, its stream was sent whole" }).waitFor();
    assert.deepEqual(await page.locator("#story-steps .name").allTextContents(), [
      "GET /streamed",
      "stream of GET /streamed",
    ]);
    await takeScreenshot(page, "inspector-stream-pinned");
    await runs.filter({ hasText: "broke off" }).first().locator("a").click();
    await page.locator("#story-steps", { hasText: "answered 200, its stream broke off" }).waitFor();
    await page.locator("#story-trouble", { hasText: "GET /breaking broke off" }).waitFor();
    await takeScreenshot(page, "inspector-stream-broken");
    await page.close();
  });

  test("a click on the lanes pins what is under the pointer, Escape unpins it", async () => {
    const page = await openAfter("/async?ms=600");
    await page.locator("#pause").click();
    await page.locator("#filter").fill("GET /async");
    const over = page.locator("#lanes .u-over");
    const box = (await over.boundingBox()) ?? assert.fail();
    const tip = page.locator("#tip", { hasText: "GET /async" });
    let left = 4;
    for (; left < box.width && !(await tip.isVisible()); left += 20) {
      await page.mouse.move(box.x + box.width - left, box.y + 14);
      await page.evaluate(drawn);
    }
    await page.mouse.down();
    await page.mouse.up();
    await page.locator("#story-steps li", { hasText: "answered 200" }).waitFor();
    assert.match(page.url(), /#request=/);
    await page.locator("#lanes").focus();
    await page.keyboard.press("Escape");
    await page.locator("#story").waitFor({ state: "hidden" });
    await page.close();
  });

  test("a request that nothing is kept of is said to be so", async () => {
    const { page } = await openOffline(browser, `${server.url}/_offloop#request=long-gone`);
    await page.locator("#story-summary", { hasText: "There is nothing about this request" }).waitFor();
    await page.close();
  });

  test("the strip on top tells rate, errors, p99 and how full the threads are", async () => {
    const page = await openAfter("/throwing", "/plain?ms=20");
    await page.locator("#now-errors.trouble", { hasText: /^\d+ \(\d/ }).waitFor();
    await page.locator("#now-p99", { hasText: /ms|s/ }).waitFor();
    const holding = ask(...Array(24).fill("/plain?ms=600"));
    await page.locator("#now-threads.trouble", { hasText: "3 of 3" }).waitFor();
    await page.locator("#now-waiting", { hasText: /^[1-9]/ }).waitFor();
    await page.locator("#now-oldest", { hasText: /ms|s/ }).waitFor();
    await holding;
    await page.close();
  });

  test("the table is sorted by trouble, or by a column, by its head and by the choice above", async () => {
    const page = await openAfter("/throwing", "/plain?ms=20", "/async?ms=20");
    const names = page.locator("#figures tbody th button");
    await names.first().waitFor();
    const first = (text: string): Promise<void> =>
      page.locator("#figures tbody tr:first-child th", { hasText: text }).waitFor();
    await page.locator("#figures thead button", { hasText: "name" }).click();
    await first("GET /async");
    assert.equal(await page.locator("#figures th[aria-sort=ascending]").textContent(), "name");
    await page.locator("#figures thead button", { hasText: "name" }).click();
    await page.locator("#figures th[aria-sort=descending]").waitFor();
    await page.locator("#sort").selectOption("run50");
    await page.locator("#figures th[aria-sort=descending]", { hasText: "run p50" }).waitFor();
    await page.close();
  });

  test("a filter without a match says so", async () => {
    const page = await openAfter("/plain?ms=20");
    await page.locator("#filter").fill("nowhere");
    await page.locator("#unmatched", { hasText: "“nowhere”" }).waitFor();
    await page.locator("#figures .unmatched").waitFor();
    await page.locator("#filter").fill("plain");
    await page.locator("#unmatched").waitFor({ state: "hidden" });
    await page.close();
  });

  test("no line is under the last row that the filter leaves", async () => {
    const page = await openAfter("/plain?ms=20", "/async?ms=20");
    const rows = page.locator("#figures tbody tr");
    await page.locator("#filter").fill((await rows.locator("th button").first().textContent()) ?? "");
    await rows.filter({ visible: false }).waitFor({ state: "attached" });
    const left = rows.filter({ visible: true }).locator("th");
    assert.equal(await left.evaluate((cell) => getComputedStyle(cell).borderBottomWidth), "0px");
    await page.close();
  });

  test("a name of several lines stays beside its colour, and in a story beside its bar", async () => {
    const page = await openAfter(LONG.path);
    await page.setViewportSize({ width: 900, height: 900 });
    await shows(page, LONG.operation);
    const name = page.locator("#figures tbody th button", { hasText: LONG.operation });
    const [lines, swatch] = await Promise.all([
      name.locator("span").evaluate((span) => [...span.getClientRects()].map(({ left }) => left)),
      name.locator(".swatch").evaluate((shown) => shown.getBoundingClientRect().right),
    ]);
    assert.ok(lines.length > 1);
    assert.ok(lines.every((left) => left >= swatch));
    await page.locator("#pause").click();
    await page.locator("#runs summary").click();
    await page.locator("#runs tbody a").first().click();
    const step = page.locator("#story-steps li", { hasText: LONG.operation });
    const bar = (await step.locator(".track").boundingBox()) ?? assert.fail();
    const text = (await step.locator("p").boundingBox()) ?? assert.fail();
    assert.ok(text.y - bar.y - bar.height < 8);
    await page.close();
  });

  test("on paper it is light, without what can only be clicked, and whole", async () => {
    const page = await openAfter("/throwing", "/plain?ms=200");
    await page.locator("#incidents summary", { hasText: "/throwing" }).click();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    await page.locator("html[data-printing]").waitFor({ state: "attached" });
    for (const hidden of ["#tools", "#theme", "#views"])
      assert.equal(await page.locator(hidden).isVisible(), false);
    assert.equal(
      await page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor),
      "rgb(255, 255, 255)",
    );
    const list = page.locator("#incidents ol");
    assert.equal(await list.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight), 0);
    const when = list.locator(".each button", { hasText: /\d\d:\d\d:\d\d\.\d{3}$/ });
    assert.deepEqual([await when.isVisible(), await when.locator(".verb").isVisible()], [true, false]);
    await page.close();
  });

  test("the lanes are drawn for the paper before it is laid out", async () => {
    const page = await openAfter("/plain?ms=200");
    await page.locator("#pause").click();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    for (const plot of await page.locator("#timeline .uplot").all())
      assert.equal(await plot.evaluate(({ clientWidth }) => clientWidth), 1040);
    await page.close();
  });

  test("a trace of what is kept can be downloaded", async () => {
    const page = await openAfter("/plain?ms=50");
    const downloaded = page.waitForEvent("download");
    await page.locator("#download").click();
    const download = await downloaded;
    assert.match(download.suggestedFilename(), /^offloop-.*\.trace\.json$/);
    const trace = JSON.parse(await readFile(await download.path(), "utf8")) as Trace;
    assert.ok(trace.traceEvents.some(({ name, ph, tid }) => name === "GET /plain" && ph === "X" && tid > 0));
    await page.close();
  });

  test("what has stopped stays so when the stream breaks, and goes on with another server", async () => {
    const { page } = await openOffline(browser, `${server.url}/_offloop`);
    let [origin, told] = [1, 0];
    await page.route("**/_offloop/events", (route) => {
      told++;
      const batch = JSON.stringify({ now: 5, hello: { title: "Reloaded", origin, server: origin } });
      return route.fulfill({ contentType: "text/event-stream", body: `retry: 50\ndata: ${batch}\n\n` });
    });
    await page.reload();
    const button = page.locator("#pause");
    await page.locator("#title", { hasText: "Reloaded" }).waitFor();
    await button.click();
    const before = told;
    while (told < before + 3) await page.waitForResponse(/events$/);
    assert.equal(await button.textContent(), "Go live");
    origin = 2;
    await page.locator("#pause", { hasText: "Pause" }).waitFor();
    await page.close();
  });

  test("axe finds nothing, with everything unfolded, in light and in dark", async () => {
    const page = await openAfter("/plain?ms=300", "/blocking?ms=300", "/endless", "/tasks?ms=10");
    await shows(page, "resize");
    await page.locator("#pause").click();
    const [request = ""] = await readRequests(page, "resize");
    await page.locator("#runs tbody a", { hasText: request }).first().click();
    await page.locator("#story").waitFor();
    await page.locator("#runs summary").click();
    for (const unfolded of ["#runs summary", "#incidents summary", "#keys summary"])
      await page.locator(unfolded).first().click();
    await page.locator("#runs tbody tr").first().waitFor();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await findAccessibilityProblems(page), [], colorScheme);
    }
    await page.close();
  });

  test("in the colours that a reader has chosen, axe finds nothing, and a block looks unlike a bar", async () => {
    const page = await openAfter("/blocking?ms=300");
    await page.locator("#pause").click();
    await page.emulateMedia({ forcedColors: "active" });
    const current = page.locator("#views [aria-current]");
    assert.equal(await current.evaluate((link) => getComputedStyle(link).textDecorationLine), "underline");
    const mark = page.locator(".mark.blocked").first();
    await mark.waitFor();
    assert.match(await mark.evaluate((shown) => getComputedStyle(shown).backgroundImage), /repeating-linear/);
    assert.deepEqual(await findAccessibilityProblems(page), []);
    await page.close();
  });

  for (const colorScheme of ["light", "dark"] as const)
    test(`nothing is cut off at 400 px, nor at 1400 [${colorScheme}]`, async () => {
      const page = await openAfter("/plain?ms=600", "/async?ms=900", "/tasks?ms=20");
      await page.emulateMedia({ colorScheme });
      await page.locator("#runs summary").click();
      await page.locator("#runs tbody tr").first().waitFor();
      for (const width of [1400, 400]) {
        await page.setViewportSize({ width, height: 900 });
        await page.locator(`#lanes .uplot`).waitFor();
        await page.waitForFunction(() => document.documentElement.scrollWidth <= window.innerWidth);
        const beyond = await page.evaluate(() =>
          [...document.querySelectorAll("main *, header *")]
            .filter(
              (element) => element.getClientRects().length > 0 && !element.closest(".hidden, #keys-text"),
            )
            .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5)
            .map((element) => element.outerHTML.slice(0, 80)),
        );
        assert.deepEqual(beyond, []);
        await page.evaluate(() => window.scrollTo(0, 0));
        await takeScreenshot(page, `inspector-${colorScheme}-${width}`);
      }
      await page.close();
    });
});
