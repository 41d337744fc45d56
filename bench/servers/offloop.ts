import { App, type ResponseInfo, serve } from "offloop";
import { announce } from "./report.ts";
import { settings } from "./settings.ts";
import { burn, hold, takeEnds, waitAfterwards } from "./work.ts";

const { threads: max, minThreads: min, reserve, priority, metrics } = settings;
const app = new App({
  ...(metrics ? { metrics } : {}),
  threads: {
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(reserve === undefined ? {} : { reserve }),
    ...(priority === undefined ? {} : { priority }),
  },
});
const afterwards = app.task("afterwards", async () => waitAfterwards());
const note = app.task("note", async () => {});
app.get("/", async () => ({ hello: "world" }));
app.get("/plain", () => ({ hello: "world" }));
app.get("/limited", { timeoutMs: 30_000 }, async () => ({ hello: "world" }));
app.get("/burn", () => burn());
app.get("/hold", () => hold());
app.get("/background", async ({ background }) => {
  background.add(afterwards);
  return { hello: "world" };
});
app.get("/noted", async ({ background }) => {
  background.add(note);
  return { hello: "world" };
});

/** The same headers as those of three arounds, set by the operation. */
app.get("/headed", async ({ response }) => {
  setHeaders(response);
  return { hello: "world" };
});
app.get("/plain-headed", ({ response }) => {
  setHeaders(response);
  return { hello: "world" };
});

function setHeaders({ headers }: ResponseInfo): void {
  for (let count = 0; count < 3; count++) headers.set(`x-around-${count}`, "passed");
}

for (let count = 0; count < settings.arounds; count++)
  app.around(async (_, next) => {
    const reply = await next();
    reply.headers.set(`x-around-${count}`, "passed");
    return reply;
  });

for (let count = 0; count < settings.passingArounds; count++)
  app.around(async (_, next) => {
    const reply = await next();
    return reply;
  });

const { log } = settings;
const server = await serve(app, { port: 0, accessLog: log, logLevel: log ? "info" : "silent" });
announce(server.url, () => ({ ...server.threads, taskEnds: takeEnds() }));
