import { after, before } from "node:test";
import { type Server, serve } from "offloop";
import type { Browser } from "playwright-core";
import shop from "../openapi/shop.ts";
import { type OfflinePage, openOffline, startBrowser } from "./chromium.ts";

/** A shop, and a browser to look at it with. */
export interface BrowsedShop {
  /** Opens one of its pages. */
  open(path: string): Promise<OfflinePage>;
  /** Opens a page of another server in the same browser. */
  openElsewhere(url: string): Promise<OfflinePage>;
}

/** Serves the shop while the tests of a suite run. */
export function browsedShop(): BrowsedShop {
  let browser: Browser;
  let server: Server;

  before(async () => {
    server = await serve(shop, { port: 0, logLevel: "silent", signals: false });
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
  return {
    open: (path) => openOffline(browser, server.url + path),
    openElsewhere: (url) => openOffline(browser, url),
  };
}
