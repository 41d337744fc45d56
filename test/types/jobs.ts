import { App, depends, type Job } from "offloop";
import { z } from "zod";

const app = new App();
const db = depends(async () => ({ find: (id: number) => `row ${id}` }));

const plain = app.task("plain", { durable: true }, (path: string, width: number) => path.length + width);
const checked = app.task(
  "checked",
  { durable: { retries: 2 }, args: [z.string(), z.coerce.date()] },
  (name, when) => ({
    name: name.toUpperCase(),
    at: when.getTime(),
  }),
);
const withDeps = app.task(
  "withDeps",
  { durable: true, deps: { db } },
  async ({ db, job, signal, log }, ids: number[]) => {
    job?.progress(0.5);
    log.info(String(signal.aborted));
    return ids.map((id) => db.find(id));
  },
);
const both = app.task("both", { durable: true, deps: { db }, args: [z.int()] }, ({ db }, id) => db.find(id));
const scheduled = app.task("scheduled", { schedule: "0 3 * * *", timezone: "Europe/Berlin" }, async () => 1);
const notDurable = app.task("notDurable", { timeoutMs: 1 }, async (a: string) => a);
const notDurableWithDeps = app.task("notDurableWithDeps", { deps: { db } }, ({ db }, id: number) =>
  db.find(id),
);

export async function jobs(): Promise<void> {
  const { id } = await plain.enqueue("a", 1);
  const found: Job<number> | undefined = await app.jobs.get(id);
  const result: number | undefined = found?.result;
  const unknown: unknown = (await app.jobs.get("plain:1"))?.result;
  const { id: dated } = await checked
    .with({ key: "a", priority: 1, at: new Date() })
    .enqueue("a", "2026-01-01");
  const upper: string | undefined = (await app.jobs.get(dated))?.result?.name;
  for await (const { result: rows } of app.jobs.follow((await withDeps.enqueue([1])).id))
    rows satisfies string[] | undefined;
  const called: string[] = await withDeps([1]);
  const row: string = await both(1);
  await both.enqueue(1);
  await scheduled.enqueue();
  const sync: string = plain.enqueueSync("a", 1).id;
  const value: string = await notDurableWithDeps(1);
  console.log(result, unknown, upper, called, row, sync, value);

  // @ts-expect-error a wrong type
  await plain.enqueue(1, 1);
  // @ts-expect-error too few
  await plain.enqueue("a");
  // @ts-expect-error what the schema takes, not a function
  await both.enqueue(() => 1);
  // @ts-expect-error the context is not an argument
  await withDeps.enqueue({ db: 1 }, [1]);
  // @ts-expect-error it is not durable
  await notDurable.enqueue("a");
  // @ts-expect-error no such option
  await plain.with({ delay: 1 }).enqueue("a", 1);
  // @ts-expect-error the result is a number
  const wrong: string | undefined = found?.result;
  console.log(wrong);
}

const omittable = app.task(
  "omittable",
  { durable: true, args: [z.string(), z.int().optional(), z.int().default(7)] },
  (name, width, days) => `${name} ${width?.toFixed()} ${days.toFixed()}`,
);

export async function leftOut(): Promise<void> {
  await omittable.enqueue("a");
  await omittable.with({ delayMs: 1 }).enqueue("a", 1);
  await omittable.enqueue("a", undefined, 2);
  await omittable("a", undefined, 7);
  // @ts-expect-error the first one is required
  await omittable.enqueue();
  // @ts-expect-error a wrong type
  await omittable.enqueue("a", "1");
  // @ts-expect-error a default is for jobs: called directly, the function gets what it is given
  await omittable("a");
}

app.task("optional", { schedule: "@daily" }, async (days: number = 7) => days.toFixed());
app.task("context", { schedule: "@daily", deps: { db } }, ({ db, job }, days: number = 7) => [
  db.find(days),
  job?.id,
]);
app.task("noArguments", { schedule: "@daily", args: [] }, async () => 1);
app.task("defaults", { schedule: "@daily", args: [z.int().default(7)] }, (days) => days.toFixed());
app.task(
  "defaultsAndContext",
  { schedule: "@daily", args: [z.int().default(7)], deps: { db } },
  ({ db }, id) => db.find(id),
);
// @ts-expect-error a schedule gives no arguments
app.task("required", { durable: true, schedule: "0 3 * * *" }, async (days: number) => days);
// @ts-expect-error nor beside a context
app.task("requiredAfterContext", { schedule: "@daily", deps: { db } }, ({ db }, id: number) => db.find(id));
// @ts-expect-error nor by args
app.task("requiredByArgs", { schedule: "@daily", args: [z.int()] }, (days) => days);

app.get("/", async ({ background }) => {
  background.add(plain, "a", 1);
  background.add(withDeps, [1]);
  // @ts-expect-error a wrong type
  background.add(withDeps, ["a"]);
});
