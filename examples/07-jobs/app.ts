import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { App, file, HTTPError, type JobId, sse } from "offloop";
import { z } from "zod";

const app = new App({ title: "Thumbnails", version: "1.0.0" });
const folder = join(import.meta.dirname, "uploads");
mkdirSync(folder, { recursive: true });

const steps = z.int().min(1).max(200);

/** Plain: it runs on a thread, in this process or in one of `offloop work`, and blocks nobody. */
const thumbnail = app.task(
  "thumbnail",
  { durable: { retries: 3 }, args: [z.string(), steps], deps: {}, timeoutMs: 60_000 },
  ({ job, signal, log }, name, count) => {
    let digest = readFileSync(join(folder, name));
    for (let step = 1; step <= count; step++) {
      signal.throwIfAborted(); // cancelled, or the process is shutting down
      for (let round = 0; round < 2_000; round++) digest = createHash("sha256").update(digest).digest();
      job?.progress(step / count);
    }
    log.info({ name }, "made a thumbnail");
    writeFileSync(join(folder, `${name}.txt`), digest.toString("hex"));
    return { name, thumbnail: digest.toString("hex").slice(0, 8) };
  },
);

/** Removes old uploads each night: once, however many processes there are. */
app.task("cleanup", { schedule: "0 3 * * *", timezone: "Europe/Berlin" }, async () => ({ removed: 0 }));

app.get("/", async () => file(join(import.meta.dirname, "page.html")));

app.post(
  "/images",
  { form: { image: z.file().max(5_000_000), steps: steps.default(20) }, status: 202 },
  async ({ form }) => {
    // A file is gone after its request: what a job needs from it is saved first.
    const name = `${crypto.randomUUID()}.bin`;
    await writeFile(join(folder, name), form.image.stream());
    const job = await thumbnail.with({ key: name }).enqueue(name, form.steps);
    return { job: job.id };
  },
);

const query = { id: z.string() };

app.get("/job", { query }, async ({ query }) => {
  const job = await app.jobs.get(query.id);
  if (job === undefined) throw new HTTPError(404, "No such job");
  return {
    state: job.state,
    attempt: job.attempt,
    progress: job.progress ?? null,
    result: job.result ?? null,
  };
});

app.get("/job/events", { query }, async ({ query }) => sse(states(query.id as JobId)));

app.delete("/job", { query }, async ({ query }) => ({ cancelled: await app.jobs.cancel(query.id) }));

async function* states(id: JobId): AsyncGenerator<object> {
  for await (const { state, progress, result } of app.jobs.follow(id))
    yield { state, progress: progress ?? null, result: result ?? null };
}

export default app;
