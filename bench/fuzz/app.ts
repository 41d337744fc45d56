import { App, file, HTTPError, html, type OperationOptions, sse, ValidationError } from "offloop";
import { z } from "zod";
import type { Declared } from "./random-schemas.ts";
import { buildSchema, type SchemaTree } from "./schema-tree.ts";

/** The deadline for what would never end. */
const DEADLINE_MS = 150;

/** The schemas of this server: each thread reads the same ones. */
const declared = JSON.parse(process.env.FUZZ_SCHEMAS ?? "[]") as readonly Declared[];

/**
 * The target of random requests: an operation for each random schema, and others that hang, burn,
 * stream, fail and keep files.
 */
const app: App = new App({
  threads: { max: 2, reserve: 1 },
  connections: { headersTimeoutMs: 1_000, requestTimeoutMs: 3_000 },
  health: true,
});

// biome-ignore lint/suspicious/noExplicitAny: schemas that are drawn at random give values of any type
type Handler = (context: any) => unknown;

/** Declares an operation three times: an async function, a plain one, and an async one that runs on a thread. */
function onEachLane(path: string, options: Record<string, unknown>, handler: Handler): void {
  const asynchronous: Handler = async (context) => handler(context);
  app.post(`/async${path}`, options as OperationOptions, asynchronous);
  app.post(`/plain${path}`, options as OperationOptions, (context) => handler(context));
  app.post(`/moved${path}`, { ...options, runs: "thread" } as OperationOptions, asynchronous);
}

for (const [index, { library, input, tree, isModel }] of declared.entries()) {
  const path = input === "params" ? `/random/${index}/:a` : `/random/${index}`;
  const schema =
    input === "body" || (isModel && input !== "params")
      ? buildSchema(library, tree)
      : Object.fromEntries(fieldsOf(tree).map((field) => [field.name, buildSchema(library, field.of)]));
  onEachLane(path, { [input]: schema }, (context) => ({ read: context[input] ?? null }));
}

function fieldsOf(tree: SchemaTree): readonly { name: string; of: SchemaTree }[] {
  return tree.kind === "object" ? tree.fields : [];
}

const upload = z.union([z.file(), z.string()]);
const sizeOf = (given: File | string): number => (typeof given === "string" ? given.length : given.size);
onEachLane("/upload", { form: { upload, more: z.array(upload).optional() } }, ({ form }) =>
  sizeOf(form.upload),
);
onEachLane("/any", { body: z.unknown() }, ({ body }) => typeof body);
onEachLane("/keys", { body: { a: z.int(), b: z.array(z.string()).default([]) } }, ({ body }) => body);

const note = app.task("note", async (size: number) => size);
const noteInThread = app.task("note in a thread", (size: number) => size);
onEachLane("/later", { form: { upload }, timeoutMs: 2_000 }, ({ form, background }) => {
  background.add(note, sizeOf(form.upload));
  background.add(noteInThread, sizeOf(form.upload));
  return "later";
});

// What does not end by itself
app.post("/async/waits", { timeoutMs: DEADLINE_MS }, async () => new Promise(() => {}));
app.post("/plain/waits", { timeoutMs: DEADLINE_MS }, () => {
  for (;;) noop();
});
app.post("/moved/waits", { timeoutMs: DEADLINE_MS, runs: "thread" }, async () => new Promise(() => {}));
app.post("/async/events", async ({ signal }) =>
  sse(
    (async function* () {
      for (let data = 0; !signal.aborted; data++) {
        yield { data };
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    })(),
  ),
);
app.post("/plain/events", { timeoutMs: DEADLINE_MS }, function* () {
  for (let n = 0; n < 200; n++) yield `${n}`.repeat(1_000);
});
app.post("/moved/events", { runs: "thread" }, async function* () {
  for (let n = 0; n < 200; n++) yield `${n}`.repeat(1_000);
});

// What fails
class Own extends Error {}
onEachLane("/fails", {}, () => {
  throw new Own("on purpose");
});
onEachLane("/refused", {}, () => {
  throw new HTTPError(418, "on purpose");
});
onEachLane("/throws", {}, () => {
  throw new Error("on purpose");
});
app.onError(Own, async () => html("<h1>failed</h1>", { status: 409 }));
app.onError(HTTPError, async ({ status }) => file(import.meta.filename, { status }));
app.onError(ValidationError, ({ details }) => ({ detail: details }));

function noop(): void {}

export default app;
