import { mkdirSync, writeFileSync } from "node:fs";

const folder = new URL("./results/", import.meta.url);

/** Writes what was measured to a file named after its date. Gives the file's path from the repository's root. */
export function writeResults(date: string, results: unknown): string {
  mkdirSync(folder, { recursive: true });
  const name = `${date.slice(0, 19).replaceAll(":", "")}.json`;
  writeFileSync(new URL(name, folder), `${linesOfNumbers(JSON.stringify(results, rounded, 2))}\n`);
  return `bench/results/${name}`;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
}

/** A list of numbers on one line: thousands of samples are not meant to be read down. */
function linesOfNumbers(json: string): string {
  return json.replace(
    /\[\s+(-?\d[^[\]{}"]*?)\s+\]/g,
    (_list, numbers: string) => `[${numbers.split(/,\s+/).join(", ")}]`,
  );
}
