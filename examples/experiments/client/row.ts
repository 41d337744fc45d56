/** Two figures, in the order of their section's names. */
export type Figures = readonly [string, string];

/** Something that must be true of the measurements. */
export interface Expectation {
  readonly what: string;
  readonly held: boolean;
}

/** One line of the report. */
export interface Row {
  readonly what: string;
  readonly requests: number;
  /** The figures for the table. */
  readonly figures: Figures;
  /** The results of a real FastAPI, with waits of 3 s; empty where they were not measured. */
  readonly fastapi: Figures;
  /** The figures for `--json`. */
  readonly measured: Readonly<Record<string, unknown>>;
  readonly expected: readonly Expectation[];
}

/** One experiment's part of the report. */
export interface Section {
  readonly title: string;
  /** The question, and how to read the figures. */
  readonly about: string;
  /** The meaning of the two figures. */
  readonly names: Figures;
  /** Measured one after another, on demand. */
  readonly rows: AsyncIterable<Row>;
}

export function allHeld({ expected }: Row): boolean {
  return expected.every(({ held }) => held);
}
