import { scryptSync } from "node:crypto";
import { App, file, HTTPError, html, sse } from "offloop";
import { z } from "zod";

const TIMEOUT_MS = 200;

/** The target of a soak: ordinary operations, and ones that hang, burn and die. */
const app: App = new App({
  threads: {
    max: 4,
    reserve: 1,
    resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
  },
  connections: { headersTimeoutMs: 2_000, requestTimeoutMs: 20_000 },
  maxBodyBytes: 4 * 1024 * 1024,
  health: true,
});

const note = app.task("note", (what: number) => what);
const noteOnLoop = app.task("note on loop", async (what: number) => what);

app.get("/echo/thread/:n", ({ params }) => params.n);
app.get("/echo/loop/:n", async ({ params }) => params.n);
app.post("/length", { body: z.array(z.number()) }, ({ body }) => body.length);
app.get("/hash/:n", ({ params }) => scryptSync(params.n, "salt", 64, { N: 4096 }).length);
app.get("/bytes/:count", ({ params }) => "x".repeat(Number(params.count)));
app.get("/background/:n", ({ params, background }) => {
  background.add(note, Number(params.n));
  background.add(noteOnLoop, Number(params.n));
  return params.n;
});

const form = { upload: z.file() };
app.post("/upload/thread", { form }, ({ form }) => form.upload.size);
app.post("/upload/loop", { form }, async ({ form, background }) => {
  background.add(note, form.upload.size);
  return form.upload.size;
});
app.get("/events", async ({ signal }) => sse(ticks(signal)));

async function* ticks(signal: AbortSignal): AsyncGenerator<{ data: string }> {
  for (let n = 0; !signal.aborted; n++) {
    yield { data: `${n}`.repeat(1_000) };
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

class Refused extends Error {}
app.get("/page", () => {
  throw new Refused("in a handler");
});
app.onError(Refused, async () => html("<h1>refused</h1>", { status: 409 }));
app.onError(HTTPError, async ({ status }) => file(import.meta.filename, { status }));

app.get("/fault/endless", { timeoutMs: TIMEOUT_MS }, () => {
  for (;;) noop();
});
app.get("/fault/regex", { timeoutMs: TIMEOUT_MS }, () => /^(a+)+$/.test(`${"a".repeat(50)}!`));
app.get("/fault/late-on-loop", { timeoutMs: TIMEOUT_MS }, () => new Promise(noop));
app.get("/fault/exit", () => process.exit(1));
app.get("/fault/heap", () => {
  const all: unknown[] = [];
  for (;;) all.push({ n: all.length });
});
app.get("/fault/throw-later", () => {
  setTimeout(() => {
    throw new Error("thrown in a timer");
  });
  return "ok";
});
app.get("/fault/reject-later", () => {
  Promise.reject(new Error("nobody awaits this"));
  return "ok";
});
app.get("/fault/throw", () => {
  throw new Error("thrown in a handler");
});
app.get("/fault/until-aborted", { timeoutMs: 5_000 }, ({ signal }) => {
  while (!signal.aborted);
  return "aborted";
});

function noop(): void {}

export default app;
