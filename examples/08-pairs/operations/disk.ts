import { copyFileSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { threadId } from "node:worker_threads";
import { Router } from "offloop";
import { compute, ranHere, wait } from "./wait.ts";

/** Large files, copied one after another. */
export const disk: Router = new Router({ prefix: "/disk" });

const folder = process.env.FOLDER ?? "";
const large = join(folder, "large");
const copy = join(folder, `copy-${threadId}`);

function copyLargeFilesSync(seconds: number): void {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) copyFileSync(large, copy); // trap
}

async function copyLargeFiles(seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) await copyFile(large, copy);
}

disk.get("/plain", wait, ({ query }) => {
  copyLargeFilesSync(query.seconds);
  return ranHere();
});

disk.get("/async", wait, async ({ query }) => {
  await copyLargeFiles(query.seconds);
  return ranHere();
});

disk.get("/trap", wait, async ({ query }) => {
  copyLargeFilesSync(query.seconds);
  return ranHere();
});

disk.get("/thread", { ...wait, runs: "thread" }, async ({ query }) => {
  compute(await readFile(large, "latin1"), query.seconds);
  return ranHere();
});
