import { readFileSync } from "node:fs";

/** A line of a source excerpt. */
interface ExcerptLine {
  /** The line with its number. */
  readonly text: string;
  /** Whether it is the line in question. */
  readonly isMarked: boolean;
}

/** The numbered lines around a location. */
export function excerptOf(source: string, line: number, around: number): ExcerptLine[] {
  const lines = source.split(/\r?\n/);
  const first = Math.max(0, line - 1 - around);
  const shown = lines.slice(first, line + around);
  const width = String(first + shown.length).length;
  return shown.map((text, index) => {
    const number = first + index + 1;
    return { text: `${String(number).padStart(width)}  ${text}`, isMarked: number === line };
  });
}

/** The same from a file; empty if it cannot be read. */
export function excerptOfFile(file: string, line: number, around: number): ExcerptLine[] {
  try {
    return excerptOf(readFileSync(file, "utf8"), line, around);
  } catch {
    return []; // code without a file
  }
}
