/** Two figures, in the order of their section's names. */
export type Figures = readonly [string, string];

/** Something that must be true of what was measured. */
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
  /** What a real FastAPI gave, with waits of 3 s; empty where it was not measured. */
  readonly fastapi: Figures;
  /** The figures for `--json`. */
  readonly measured: Readonly<Record<string, unknown>>;
  readonly expected: readonly Expectation[];
}

/** One experiment's part of the report. */
export interface Section {
  readonly title: string;
  /** What was asked, and how to read the figures. */
  readonly about: string;
  /** What the two figures are. */
  readonly names: Figures;
  /** Measured one after the other, while they are asked for. */
  readonly rows: AsyncIterable<Row>;
}

export function allHeld({ expected }: Row): boolean {
  return expected.every(({ held }) => held);
}
