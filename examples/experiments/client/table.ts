import { allHeld, type Row, type Section } from "./row.ts";

const widths = [1, 25, 5, 15, 18, 1, 13, 18, 0];

/** The table's first line. */
export function tableHead(): string {
  return line(["", "", "", "offloop", "", "", "FastAPI, waits of 3 s", "", "expected of offloop"]);
}

/** The lines before an experiment's rows. */
export function sectionHead({ title, about, names }: Omit<Section, "rows">): string {
  return `\n${title}\n  ${about}\n${line(["", "", "times", ...names, "", ...names, ""])}`;
}

/** The line of one row. */
export function tableLine(row: Row): string {
  const mark = allHeld(row) ? "✓" : "✗";
  const times = String(row.requests).padStart(5);
  const expected = row.expected.map(({ what, held }) => (held ? what : `NOT ${what}`)).join(", ");
  return line([mark, row.what, times, ...row.figures, "", ...row.fastapi, expected]);
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index]!))
    .join(" ")
    .trimEnd();
}
