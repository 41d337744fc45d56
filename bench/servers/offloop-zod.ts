import { App, depends, serve } from "offloop";
import { z } from "zod";
import { announce } from "./report.ts";
import { settings } from "./settings.ts";
import { hold } from "./work.ts";

const { threads: max, reserve } = settings;
const app = new App({
  threads: { ...(max === undefined ? {} : { max }), ...(reserve === undefined ? {} : { reserve }) },
});
const query = { page: z.int(), limit: z.int().max(100), active: z.boolean() };
app.get("/query", { query }, async (context) => context.query);
app.get("/plain-query", { query }, (context) => context.query);
const reader = depends({ query: { page: z.int() } }, async ({ query: { page } }) => ({
  name: "reader",
  page,
}));
app.get("/declared", { query, deps: { reader } }, async ({ query: { page, limit, active }, reader }) => ({
  page,
  limit,
  active,
  reader: reader.name,
}));
app.get("/hold", () => hold());

const server = await serve(app, { port: 0, accessLog: false, logLevel: "silent" });
announce(server.url, () => server.threads);
