import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type EnqueuedJob, type JobState, type ServeOptions, type Server, serve } from "offloop";
import type { Browser, Locator, Page } from "playwright-core";
import { startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { withoutPostgres } from "../fixtures/databases.ts";
import inspected from "../fixtures/inspected-app.ts";
import { findAccessibilityProblems } from "./accessibility.ts";
import { openOffline, startBrowser, takeScreenshot, withoutChromium } from "./chromium.ts";

const folder = await mkdtemp(join(tmpdir(), "offloop-jobs-view-"));
const broken = join(folder, "broken");
process.env.BROKEN_FILE = broken;
const { default: app, charge, render, report, welcome } = await import("./jobs-app.ts");

after(() => rm(folder, { recursive: true, force: true }));

const places = [
  {
    name: "embedded",
    skip: withoutChromium,
    open: async () => ({ jobs: { dir: join(folder, "jobs") }, stop: async () => {} }),
  },
  {
    name: "in PostgreSQL",
    skip: withoutChromium || withoutPostgres(),
    open: async () => {
      const database = (await startPostgres()) ?? assert.fail("PostgreSQL is gone");
      return { jobs: { url: database.url }, stop: () => database.stop() };
    },
  },
];

for (const { name, skip, open } of places) {
  describe(`the jobs of /_offloop in Chromium, ${name}`, { skip }, () => {
    let browser: Browser;
    let server: Server;
    let stop: () => Promise<void>;

    before(async () => {
      const place = await open();
      stop = place.stop;
      server = await serveQuietly({ jobs: place.jobs });
      browser = await startBrowser();
    });
    after(async () => {
      await browser?.close();
      for (const { id } of await app.jobs.list({ state: "running" })) await app.jobs.cancel(id);
      await server?.close();
      await stop?.();
    });

    const serveQuietly = (options: ServeOptions): Promise<Server> =>
      serve(app, { port: 0, logLevel: "silent", signals: false, inspector: true, ...options });
    const openAt = async (hash: string): Promise<Page> => {
      const { page, mishaps } = await openOffline(browser, `${server.url}/_offloop${hash}`);
      page.once("close", () => assert.deepEqual(mishaps, { left: [], errors: [] }));
      return page;
    };
    const until = async ({ id }: EnqueuedJob, state: JobState): Promise<void> => {
      for await (const job of app.jobs.follow(id)) if (job.state === state) return;
      assert.fail(`${id} never was ${state}`);
    };
    const row = (page: Page, text: string): Locator => page.locator("#job-list tbody tr", { hasText: text });
    const stateOf = (page: Page, state: JobState): Promise<void> =>
      page.locator(`#job-state [data-state=${state}]`).waitFor();

    test("shows states by task and every job, as they change", async () => {
      const page = await openAt("#/jobs");
      const done = await welcome.with({ key: "ada's" }).enqueue("ada");
      await row(page, 'welcome("ada")').locator("[data-state=done]").waitFor();
      assert.match((await row(page, 'welcome("ada")').textContent()) ?? "", /key ada's.*took/);
      await page
        .locator("#job-tasks tr", { hasText: "welcome" })
        .getByText("1 done, cancelled jobs of welcome")
        .waitFor();
      const later = await welcome.with({ delayMs: 3_600_000, priority: 7 }).enqueue("later");
      await row(page, 'welcome("later")').locator("[data-state=waiting]").waitFor();
      assert.match((await row(page, "later").textContent()) ?? "", /priority 7.*in 59 min/);
      await app.jobs.cancel(later.id);
      await row(page, "later").locator("[data-state=cancelled]").waitFor();
      await row(page, 'welcome("ada")').locator("a").click();
      await page.locator("#job-id", { hasText: done.id }).waitFor();
      assert.equal(await page.locator("#job-args").textContent(), '"ada"');
      assert.match((await page.locator("#job-result").textContent()) ?? "", /"greeted": "ada"/);
      assert.equal(await page.locator("#job-actions button").count(), 0, "a job that is done allows nothing");
      await page.close();
    });

    test("the number of done and cancelled jobs leads to them, the most recently ended first", async () => {
      const done = await welcome.enqueue("is done");
      await until(done, "done");
      const stopped = await welcome.with({ delayMs: 3_600_000 }).enqueue("is cancelled");
      await app.jobs.cancel(stopped.id);
      const waiting = await welcome.with({ delayMs: 3_600_000 }).enqueue("is not over");
      const page = await openAt("#/jobs");
      const ended = page
        .locator("#job-tasks tr", { hasText: "welcome" })
        .locator("[data-column='done, cancelled']");
      assert.match((await ended.textContent()) ?? "", / done, cancelled jobs of welcome$/);
      await ended.locator("a").click();
      await page.waitForURL(/task=welcome&state=ended/);
      await row(page, "is not over").waitFor({ state: "detached" });
      const shown = await page.locator("#job-list tbody tr").allTextContents();
      // The counts are read now and then.
      const counted = page.locator("#job-states a[aria-current]", {
        hasText: `done, cancelled ${shown.length}`,
      });
      await counted.waitFor();
      assert.match(shown[0] ?? "", /^cancelledwelcome\("is cancelled"\)/);
      assert.match(shown[1] ?? "", /^donewelcome\("is done"\)/);
      await page.locator("#job-task").selectOption("render");
      await page.getByText("No done or cancelled jobs of render.").waitFor();
      await page.close();
      await app.jobs.cancel(waiting.id);
    });

    test("shows why a job is dead, and Run again has it done once the cause is gone", async () => {
      await writeFile(broken, "");
      const job = await charge.enqueue({ id: 7, cents: 1200 });
      await until(job, "dead");
      const page = await openAt("#/jobs?state=dead");
      await row(page, "Error: No answer for order 7").locator("a").click();
      const attempt = page.locator("#job-attempts details[open]");
      await attempt.getByText("Caused by Error: connection refused").waitFor();
      assert.match((await attempt.locator("pre").first().textContent()) ?? "", /jobs-app\.ts:\d+:\d+/);
      assert.match((await attempt.locator("summary").textContent()) ?? "", /Attempt 1 failed.*:\d+.*20\d\d-/);
      await rm(broken);
      await page.getByRole("button", { name: "Run again" }).click();
      await stateOf(page, "done");
      await page.locator("#jobs-said", { hasText: "1 job will run." }).waitFor();
      await page.locator("#job-attempts li").nth(1).waitFor();
      assert.match((await page.locator("#job-attempts li").first().textContent()) ?? "", /Attempt 2 done/);
      await page.close();
    });

    test("End asks first, then ends what runs on its thread", async () => {
      const job = await render.enqueue("endless.png");
      const page = await openAt(`#/job?${new URLSearchParams({ id: job.id })}`);
      await stateOf(page, "running");
      assert.equal(await page.locator("#job-progress").textContent(), " 40 %");
      const end = page.locator("#job-actions").getByRole("button", { name: "End" });
      await end.click();
      await page.getByRole("dialog", { name: "End this run of render?" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      assert.equal((await app.jobs.get(job.id))?.state, "running");
      await end.click();
      await page.getByRole("dialog").getByRole("button", { name: "End" }).click();
      await stateOf(page, "cancelled");
      await page.locator("#job-attempts li", { hasText: "Attempt 1 cancelled" }).waitFor();
      await page.getByRole("button", { name: "Run again" }).click();
      await stateOf(page, "running");
      await app.jobs.cancel(job.id);
      await page.close();
    });

    test("acts on all that are chosen, each as its state allows", async () => {
      const failed = await report.enqueue("November");
      await until(failed, "failed");
      const [first, second] = [
        await welcome.with({ delayMs: 3_600_000 }).enqueue("first of two"),
        await welcome.with({ delayMs: 3_600_000 }).enqueue("second of two"),
      ];
      const page = await openAt("#/jobs");
      const [retry, cancel] = [page.locator("#jobs-retry"), page.locator("#jobs-cancel")];
      assert.ok((await retry.isDisabled()) && (await cancel.isDisabled()));
      for (const text of ["November", "first of two", "second of two"])
        await row(page, text).getByRole("checkbox").check();
      assert.equal(await retry.textContent(), "Run again (3)");
      await row(page, "November").getByRole("checkbox").uncheck();
      assert.equal(await cancel.textContent(), "Cancel (2)");
      await cancel.click();
      await page.locator("#jobs-said", { hasText: "2 jobs cancelled." }).waitFor();
      for (const { id } of [first, second]) assert.equal((await app.jobs.get(id))?.state, "cancelled");
      await row(page, "first of two").locator("[data-state=cancelled]").waitFor();
      assert.ok(await cancel.isDisabled(), "what is cancelled cannot be cancelled");
      await page.close();
      await app.jobs.cancel(failed.id);
    });

    test("filters, finds, pages and opens a job with the keyboard alone", async () => {
      const many = Array.from({ length: 52 }, (_, at) =>
        welcome.with({ delayMs: 3_600_000, key: `many ${at}` }).enqueue(`many ${at}`),
      );
      const jobs = await Promise.all(many);
      const page = await openAt("#/lanes");
      const focus = (target: Locator): Promise<void> => tabTo(page, target);
      await focus(page.locator("#views a", { hasText: "Jobs" }));
      await page.keyboard.press("Enter");
      await row(page, "many").first().waitFor();
      await focus(page.locator("#job-task"));
      await page.keyboard.type("welcome");
      await page.waitForURL(/task=welcome/);
      await focus(page.locator("#job-states a", { hasText: "waiting 52" }));
      await page.keyboard.press("Enter");
      await page.waitForURL(/state=waiting/);
      await page.locator("#job-list tbody tr").nth(49).waitFor();
      await focus(page.locator("#job-next"));
      await page.keyboard.press("Enter");
      await page.locator("#job-first").waitFor();
      assert.equal(await page.locator("#job-list tbody tr").count(), 2);
      await page.goBack();
      await page.locator("#job-list tbody tr").nth(49).waitFor();
      await page.evaluate(() => window.scrollTo(0, 0));
      await page.locator("#views a").first().focus();
      await focus(page.locator("#job-find"));
      await page.keyboard.type("many 7\n");
      await page.locator("#job-list tbody tr:only-child", { hasText: "many 7" }).waitFor();
      await focus(row(page, "many 7").locator("a"));
      await page.keyboard.press("Enter");
      const title = page.locator("#job-title:focus", { hasText: "welcome" });
      await title.waitFor();
      const below = await title.evaluate((shown) => {
        const { outlineOffset, outlineWidth } = getComputedStyle(shown);
        const id = document.querySelector("#job-id")?.getBoundingClientRect() ?? new DOMRect();
        const ring = Number.parseFloat(outlineOffset) + Number.parseFloat(outlineWidth);
        return id.top - shown.getBoundingClientRect().bottom - ring;
      });
      assert.ok(below >= 0, `the ring of the title covers ${-below} px of the id`);
      await focus(page.getByRole("button", { name: "Cancel" }));
      await page.keyboard.press("Enter");
      await stateOf(page, "cancelled");
      await page.locator("#job-actions button:focus", { hasText: "Run again" }).waitFor();
      await page.locator("#job-back").click();
      await page.getByText("No job has this key or id.").waitFor();
      await page.close();
      for (const { id } of jobs) await app.jobs.cancel(id);
    });

    test("nothing moves under the pointer", async () => {
      const job = await welcome.with({ delayMs: 3_600_000 }).enqueue("pointed at");
      const page = await openAt("#/jobs?task=welcome&state=waiting");
      await row(page, "pointed at").hover();
      await welcome.with({ delayMs: 1_800_000 }).enqueue("comes before");
      await page.locator("#job-held").waitFor();
      await app.jobs.cancel(job.id);
      assert.equal(await page.locator("#job-list tbody tr").count(), 1);
      await page.locator("h1").hover();
      await row(page, "comes before").waitFor();
      await row(page, "pointed at").waitFor({ state: "detached" });
      await page.close();
    });

    test("asks for nothing while another view is shown, or the page is not seen", async () => {
      const page = await openAt("#/lanes");
      let asked = 0;
      page.on("request", (request) => {
        if (/_offloop\/jobs\b/.test(request.url())) asked++;
      });
      /** Ten frames of what the lanes write twice a second: time enough to ask. */
      const wait = async (): Promise<void> => {
        const answered = page.waitForResponse(/_offloop\/probe/);
        await page.evaluate(async () => {
          for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 500));
          await fetch("/_offloop/probe");
        });
        await answered;
      };
      await page.route(/_offloop\/probe/, (route) => route.fulfill({ body: "" }));
      await wait();
      assert.equal(asked, 0);
      await page.locator("#views a", { hasText: "Jobs" }).click();
      await page.locator("#job-list").waitFor();
      const setHidden = (hidden: boolean): Promise<void> =>
        page.evaluate((value) => {
          Object.defineProperty(document, "hidden", { configurable: true, value });
          document.dispatchEvent(new Event("visibilitychange"));
        }, hidden);
      await setHidden(true);
      asked = 0;
      await wait();
      assert.equal(asked, 0);
      const again = page.waitForRequest(/_offloop\/jobs\b/);
      await setHidden(false);
      await again;
      await page.locator("#views a", { hasText: "Lanes" }).click();
      await page.locator("#lanes").waitFor();
      asked = 0;
      await wait();
      assert.equal(asked, 0);
      await page.close();
    });

    // What is drawn does not depend on the database.
    const skip = name !== "embedded";
    test("can be read by everybody: axe finds nothing, and nothing sticks out at 400 pixels", {
      skip,
    }, async () => {
      await writeFile(broken, "");
      const dead = await charge.with({ key: "a key" }).enqueue({ id: 8, cents: 1 });
      await until(dead, "dead");
      const running = await render.enqueue("long.png");
      await until(running, "running");
      for (const colorScheme of ["light", "dark"] as const)
        for (const width of [1400, 400]) {
          const page = await openAt("#/jobs");
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 850 });
          const judge = async (what: string): Promise<void> => {
            assert.deepEqual(
              await findAccessibilityProblems(page),
              [],
              `${what}, ${colorScheme}, ${width} px`,
            );
            const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            assert.ok(tooWide <= 0, `${what} is ${tooWide} px too wide at ${width}`);
            await takeScreenshot(page, `jobs-${what}-${colorScheme}-${width}`);
          };
          await row(page, "a key").getByRole("checkbox").check();
          await judge("list");
          await row(page, "a key").locator("a").click();
          await page.locator("#job-attempts li").waitFor();
          await judge("dead");
          await page.goBack();
          await row(page, "long.png").locator("a").click();
          await page.getByRole("button", { name: "End" }).click();
          await judge("confirm");
          await page.close();
        }
    });

    test("says when the server does not answer", async () => {
      const { page } = await openOffline(browser, `${server.url}/_offloop#/jobs`);
      await page.locator("#job-list").waitFor();
      await page.route(/_offloop\/jobs/, (route) => route.abort());
      await page.getByRole("alert").getByText("The server does not answer.").waitFor();
      await page.unroute(/_offloop\/jobs/);
      await page.getByRole("alert").waitFor({ state: "hidden" });
      await page.close();
    });
  });
}

describe("the jobs of /_offloop in Chromium, without durable tasks", { skip: withoutChromium }, () => {
  test("says so", async () => {
    const server = await serve(inspected, { port: 0, logLevel: "silent", signals: false, inspector: true });
    const browser = await startBrowser();
    try {
      const { page, mishaps } = await openOffline(browser, `${server.url}/_offloop#/jobs`);
      await page.getByText("No task of this app is durable").waitFor();
      assert.ok(!(await page.locator("#job-list").isVisible()));
      assert.deepEqual(await findAccessibilityProblems(page), []);
      assert.deepEqual(mishaps, { left: [], errors: [] });
    } finally {
      await browser.close();
      await server.close();
    }
  });
});

async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 200; presses++) {
    if (await target.first().evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`${target} cannot be reached`);
}
