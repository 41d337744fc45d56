/** A part of a DSN; `"whole"` is its form. */
export type DsnPart =
  | "whole"
  | "scheme"
  | "driver"
  | "user"
  | "password"
  | "host"
  | "port"
  | "database"
  | "options";

/** One mistake in a DSN. */
export interface DsnMistake {
  /** Which part is wrong. */
  readonly part: DsnPart;
  /** What is wrong with it. Contains neither the password nor any other secret. */
  readonly problem: string;
  /** False for what some servers and tools accept: a warning, but no reason to refuse it. */
  readonly isCertain: boolean;
}

/** A mistake that no server forgives. */
export function certain(part: DsnPart, problem: string): DsnMistake {
  return { part, problem, isCertain: true };
}

/** A mistake that depends on the server or on the tool. */
export function likely(part: DsnPart, problem: string): DsnMistake {
  return { part, problem, isCertain: false };
}
