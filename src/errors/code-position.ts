/** A position in code. Lines and columns count from 1. */
export interface CodePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where generated code comes from. Lines and columns count from 1. */
export interface SourcePositions {
  /** The source of a position; undefined where there is none. */
  at(line: number, column: number): CodePosition | undefined;
  /** The source of a generated line; undefined when it comes from none, or from several. */
  ofLine(line: number): CodePosition | undefined;
}
