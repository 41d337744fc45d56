import { mkdirSync, writeFileSync } from "node:fs";

const folder = new URL("./results/", import.meta.url);

/** Writes the measurements to a file named after its date. Returns the file's path relative to the repository's root. */
export function writeResults(date: string, results: unknown): string {
  mkdirSync(folder, { recursive: true });
  const name = `${date.slice(0, 19).replaceAll(":", "")}.json`;
  writeFileSync(new URL(name, folder), `${linesOfNumbers(JSON.stringify(results, rounded, 2))}\n`);
  return `bench/results/${name}`;
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
}

/** Puts a list of numbers on one line: nobody reads thousands of samples one below the other. */
function linesOfNumbers(json: string): string {
  return json.replace(
    /\[\s+(-?\d[^[\]{}"]*?)\s+\]/g,
    (_list, numbers: string) => `[${numbers.split(/,\s+/).join(", ")}]`,
  );
}
