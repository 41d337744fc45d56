import { execSync } from "node:child_process";
import { scryptSync as hash } from "node:crypto";
import fs from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { App, depends } from "offloop";

/** Mistakes the guard finds, on lines that say which; lines that end in "fine" are none. */

interface Item {
  id: number;
}

export const app: App = new App();
const database = new DatabaseSync(":memory:");
const statement = database.prepare("SELECT 1 AS one");
const items: Item[] = [];
const seen = new Map<string, Item>();
const config = { limit: 1 };
const client = createClient();
let hits: number = 0;

function createClient(): { set(key: string): void } {
  return { set: () => {} };
}

function countHit(by: number): number {
  hits += by; // refused: assigns to "hits"
  return hits;
}

const readConfig = (): string => {
  return fs.readFileSync(import.meta.filename, "utf8"); // warned: calls fs.readFileSync
};

async function load(): Promise<Item> {
  return { id: 1 };
}

app.get("/count", () => {
  hits++; // refused: increments or decrements "hits"
  return { hits };
});
app.get("/assign", () => {
  config.limit = 2; // refused: assigns to a part of "config"
  config[hits ? "limit" : "limit"]--; // refused: assigns to a part of "config"
  const { limit } = config; // fine
  return limit;
});
app.get("/delete/:id", ({ params }: { params: { id: string } }) => {
  delete (config as Record<string, unknown>)[params.id]; // refused: deletes from "config"
  [hits] = [1]; // refused: assigns to "hits"
  ({ limit: config.limit } = config); // refused: assigns to a part of "config"
});
app.get("/push", () => {
  items!.push({ id: 1 }); // warned: calls push of "items"
  seen.set("a", { id: 1 }); // warned: calls set of "seen"
  client.set("a"); // fine
  const own: number[] = []; // fine
  own.push(1); // fine
  let count = 0; // fine
  count++; // fine
  return [own, count];
});
app.get("/through", () => countHit(1));
app.get("/global", () => {
  (globalThis as { shared?: number }).shared = 1; // refused: assigns to a part of "globalThis"
  process.exitCode = 0; // fine
});
app.get("/allowed", () => {
  hits = 1; // offloop-allow state: each thread counts its own
  // offloop-allow state: and here
  hits = 2; // fine
  // offloop-allow state:
  hits = 3; // refused: assigns to "hits"
  // offloop-allow blocking: of another rule
  hits = 4; // refused: assigns to "hits"
});
app.get("/loop-state", async () => {
  hits++; // fine
});
app.get("/loop-state-too", { runs: "loop" }, () => {
  hits++; // fine
});
app.get("/thread-anyway", { runs: "thread" }, async () => {
  fs.readFileSync(import.meta.filename); // fine
  hits = 5; // refused: assigns to "hits"
});

app.get("/read", async () => {
  readConfig();
  const files = ["a"].map((file) => fs.existsSync(file)); // warned: calls fs.existsSync
  return files;
});
app.get("/hash", async () => hash("a", "b", 8)); // warned: calls hash
app.get("/exec", async () => {
  // offloop-allow blocking: it is short
  execSync("true"); // fine
  execSync("true"); // warned: calls execSync
});
app.get("/sqlite", async () => {
  database.exec("SELECT 1"); // warned: calls exec of a SQLite database
  statement.get(); // warned: calls get of a SQLite statement
  database.prepare("SELECT 1").all(); // warned: calls all of a SQLite statement
  return seen.get("a"); // fine
});
app.get("/wait", async () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1); // warned: calls Atomics.wait
  return JSON.parse("{}"); // fine
});
app.get("/plain-may-block", () => fs.readFileSync(import.meta.filename, "utf8")); // fine

app.get("/promise", () => load()); // told: returns the promise of an async function
app.get("/promise-then", () => {
  const get = async (): Promise<Item> => load(); // fine
  if (hits > 1) return get().then((item) => item.id); // told: returns the promise of .then()
  return Promise.resolve(1); // told: returns the promise of Promise.resolve()
});
app.get("/promise-meant", { runs: "thread" }, () => load()); // fine

app.task("tally", (by: number) => {
  hits = by; // refused: assigns to "hits"
});

const counted = depends(() => {
  hits++; // refused: increments or decrements "hits"
  return hits;
});
const version = depends(async () => {
  return fs.readFileSync(import.meta.filename, "utf8"); // warned: calls fs.readFileSync
});
const once = depends({ scope: "app" }, () => ++hits); // fine
const each = depends({ scope: "thread" }, () => ++hits); // fine
app.get("/scoped", { deps: { once, each } }, ({ once, each }) => [once, each]);
const both = depends({ deps: { counted, version } }, async ({ counted, version }) => [counted, version]); // fine
app.get("/needs", { deps: { both } }, async ({ both }) => both); // fine
