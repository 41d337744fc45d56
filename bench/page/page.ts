import type { Goal } from "../goal.ts";
import { formatNumber, type Table } from "../table.ts";
import { plot, plottedParts } from "./plots.ts";
import { partOf, type ResultsFile } from "./results-file.ts";

/** A section of the page that comes from a file of results: `<!-- bench <what> <file> -->` to `<!-- end -->`. */
const block = /<!-- bench (\S+) (\S+) -->\n[\s\S]*?<!-- end -->/g;

/** Used in place of a file name by sections that no run has measured yet. */
const NOT_MEASURED = "-";

/** The page with each section rewritten, from the files that the page names. */
export function renderPage(page: string, read: (file: string) => ResultsFile): string {
  return page.replace(
    block,
    (_, what: string, file: string) =>
      `<!-- bench ${what} ${file} -->\n\n${file === NOT_MEASURED ? "Not measured yet.\n" : renderBlock(what, read(file))}\n<!-- end -->`,
  );
}

/** Makes every section that a run has measured come from that run. */
export function pointTo(page: string, file: string, results: ResultsFile): string {
  const parts = new Set(results.parts.map(({ part }) => part));
  const group = (what: string): string[] => what.split("+");
  return page.replace(/<!-- bench (\S+) (\S+) -->/g, (marker, what: string) => {
    const [, name = what] = what.split(":");
    return group(name).every((part) => parts.has(part)) ? `<!-- bench ${what} ${file} -->` : marker;
  });
}

/** The charts of the page: their file names, each with its SVG. */
export async function renderPlots(
  page: string,
  read: (file: string) => ResultsFile,
): Promise<ReadonlyMap<string, string>> {
  const plots = new Map<string, string>();
  for (const [, part = "", file = ""] of page.matchAll(block))
    if (plottedParts.includes(part) && file !== NOT_MEASURED)
      plots.set(`${part}.svg`, await plot(read(file), part));
  return plots;
}

/** `machine:<part>`, `goals:<part>+<part>`, or a part, for its table and notes. */
function renderBlock(what: string, results: ResultsFile): string {
  const [kind, names = ""] = what.split(":");
  if (kind === "machine") return renderMachine(results);
  if (kind === "goals") return renderGoals(names.split("+").flatMap((name) => partOf(results, name).goals));
  const { title, table, notes } = partOf(results, what);
  const chart = plottedParts.includes(what) ? `![${title}](benchmarks/${what}.svg)\n\n` : "";
  return `${chart}${renderTable(table)}\n${notes.map((note) => `- ${note}\n`).join("")}`;
}

function renderMachine({
  date,
  node,
  cpu,
  cores,
  memoryGiB,
  packages,
  generator,
  options,
  loadBefore,
}: ResultsFile): string {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    `Measured ${date.slice(0, 10)} on ${cores} cores of ${cpu} with ${memoryGiB} GiB, Node ${node}, load from ${generator}`,
    `and, where sides take turns, from the benchmark itself; ${options.rounds} rounds of ${options.seconds} s; the load average before was ${loadBefore.toFixed(1)}.`,
    `${versions.join(", ")}.\n`,
  ].join("\n");
}

function renderGoals(goals: readonly Goal[]): string {
  return renderTable({
    columns: ["goal", "measured", "bound", ""],
    rows: goals.map(({ what, figure, direction, bound, met }) => [
      what,
      formatNumber(figure, 2),
      `${direction} ${bound}`,
      met ? "met" : "missed",
    ]),
  });
}

function renderTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${columns.map((_, at) => cells[at] ?? "").join(" | ")} |\n`;
  const rule = columns.map((_, at) => (at === 0 ? "---" : "---:"));
  return [columns, rule, ...rows].map(line).join("");
}
