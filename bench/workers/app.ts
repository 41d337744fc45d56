import { setTimeout as wait } from "node:timers/promises";
import { App, sse } from "offloop";
import { z } from "zod";

const WORD = new Int32Array(new SharedArrayBuffer(4));

/** The app of two workers: ordinary operations, and one for each thing that an operator wants to know. */
const app: App = new App({
  title: "watched",
  health: { port: 0 },
  metrics: true,
  hungWorkerMs: 20_000,
  shutdownGraceMs: 10_000,
  threads: { max: 2, reserve: 1, maxQueue: 100, maxBackgroundQueue: 60 },
});

app.get("/items/:id", async ({ params }) => params.id);
app.get("/report/:id", ({ params }) => params.id);
app.get("/events/:count", { params: { count: z.int() } }, async ({ params }) => sse(ticks(params.count)));
app.get("/lines/:count", { params: { count: z.int() } }, function* ({ params }) {
  for (let n = 0; n < params.count; n++) {
    Atomics.wait(WORD, 0, 0, 5);
    yield String(n);
  }
});
const form = { upload: z.file() };
app.post("/upload/loop", { form }, async ({ form }) => form.upload.size);
app.post("/upload/thread", { form }, ({ form }) => form.upload.size);
app.websocket("/echo/loop", { message: z.string() }, { message: async ({ message }) => message });
app.websocket("/echo/thread", { message: z.string() }, { message: ({ message }) => message });

async function* ticks(count: number): AsyncGenerator<{ data: string }> {
  for (let n = 0; n < count; n++) {
    await wait(10);
    yield { data: String(n) };
  }
}

const ms = { ms: z.int() };
const slow = app.task("slow", (ms: number) => void Atomics.wait(WORD, 0, 0, ms));
app.get("/fault/hold/:ms", { params: ms }, ({ params }) => Atomics.wait(WORD, 0, 0, params.ms));
app.get("/fault/block/:ms", { params: ms }, async ({ params }) => {
  const until = performance.now() + params.ms;
  while (performance.now() < until);
});
app.get("/fault/flood/:count", { params: { count: z.int() } }, async ({ params, background }) => {
  for (let n = 0; n < params.count; n++) background.add(slow, 500);
});
app.get("/fault/throw", async () => {
  throw new Error("thrown on purpose");
});
app.get("/fault/exit", () => process.exit(1));

export default app;
