import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { pointTo, renderPage, renderPlots } from "./page.ts";
import { readResults } from "./results-file.ts";

const docs = new URL("../../docs/", import.meta.url);
const path = new URL("benchmarks.md", docs);

/** Writes the tables and charts of docs/benchmarks.md. A file of results passed as an argument replaces older ones. */
const [newer] = process.argv.slice(2);
let page = readFileSync(path, "utf8");
if (newer !== undefined) page = pointTo(page, basename(newer), readResults(basename(newer)));
page = renderPage(page, readResults);
writeFileSync(path, page);
mkdirSync(new URL("benchmarks/", docs), { recursive: true });
for (const [name, svg] of await renderPlots(page, readResults))
  writeFileSync(new URL(`benchmarks/${name}`, docs), svg);
