import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, serve } from "offloop";
import { type Browser, chromium, type Page } from "playwright-core";

// Where Debian puts it; CHROMIUM names another.
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Why the tests of pages cannot run here; false when they can. */
export const withoutChromium: string | false = existsSync(executablePath)
  ? false
  : `there is no ${executablePath}: the pages of /docs, /redoc and /_offloop are NOT tested`;

/** Starts a browser that asks nobody anything by itself. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** What happened on a page that should not. */
export interface Mishaps {
  /** Requests to other origins; they were not let out. */
  readonly left: string[];
  /** Errors in the page and its console, and answers of 400 and up. */
  readonly errors: string[];
}

/** A page, and what happened on it that should not. */
export interface OfflinePage {
  readonly page: Page;
  readonly mishaps: Mishaps;
}

/** Opens a page with the network off: only the origin itself can be reached. */
export async function openOffline(browser: Browser, url: string): Promise<OfflinePage> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  const mishaps: Mishaps = { left: [], errors: [] };
  const { origin } = new URL(url);
  await page.route(
    (target) => target.origin !== origin && target.protocol.startsWith("http"),
    (route) => {
      mishaps.left.push(route.request().url());
      return route.abort("internetdisconnected");
    },
  );
  page.on("pageerror", (error) => mishaps.errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") mishaps.errors.push(message.text());
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && response.url().startsWith(origin))
      mishaps.errors.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(url);
  return { page, mishaps };
}

/** Serves an app that streams items while something is asked of it. */
export async function withStreams(ask: (url: string) => Promise<void>): Promise<void> {
  const app = new App({ title: "Streams" });
  app.get("/events", { responseMediaType: "text/event-stream" }, async () => {});
  const server = await serve(app, { port: 0, logLevel: "silent", signals: false });
  try {
    await ask(server.url);
  } finally {
    await server.close();
  }
}

/** Keeps a picture of a page outside the repository. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  const folder = join(tmpdir(), "offloop-pages");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
