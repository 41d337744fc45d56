import { Router } from "offloop";
import { createSyncFn } from "synckit";
import type { fetchText } from "../synchronous/fetch.ts";
import { compute, ranHere, wait } from "./wait.ts";

/** A slow server elsewhere, over HTTP. */
export const http: Router = new Router({ prefix: "/http" });

const fetchSync = createSyncFn<typeof fetchText>(new URL("../synchronous/fetch.ts", import.meta.url));
const slowUrl = (seconds: number): string => `${process.env.SLOW_SERVER}/?seconds=${seconds}`;

http.get("/plain", wait, ({ query }) => {
  fetchSync(slowUrl(query.seconds));
  return ranHere();
});

http.get("/async", wait, async ({ query }) => {
  await (await fetch(slowUrl(query.seconds))).text();
  return ranHere();
});

http.get("/trap", wait, async ({ query }) => {
  fetchSync(slowUrl(query.seconds)); // trap
  return ranHere();
});

http.get("/thread", { ...wait, runs: "thread" }, async ({ query }) => {
  const text = await (await fetch(slowUrl(query.seconds))).text();
  compute(text, query.seconds);
  return ranHere();
});
