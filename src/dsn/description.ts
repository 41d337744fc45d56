import { writeAddress } from "./address.ts";
import { type DriverName, drivers, takers } from "./drivers.ts";

/** What a DSN is, what is wrong with it, and what to write instead. */
export interface DsnDescription {
  /** What it connects to: `"PostgreSQL"`, `"MySQL"`, `"SQLite"`, ...; undefined where that cannot be determined. */
  readonly database: string | undefined;
  /** The packages that accept `dsn`, the preferred one first. */
  readonly takenBy: readonly string[];
  /**
   * The DSN to write, with `***` for the password and other secrets. Parts that were missing are in capitals:
   * `DATABASE`. Undefined where another kind of client is needed.
   */
  readonly dsn: string | undefined;
  /** What is wrong, most important first; empty where nothing is. */
  readonly mistakes: readonly DsnMistake[];
  /** The mistakes and what to write, in one sentence; undefined where nothing is wrong. */
  readonly advice: string | undefined;
}

/** Which driver is to use the DSN, and what is known to be wrong so far. */
export interface Reading {
  readonly driver: DriverName | undefined;
  readonly mistakes: readonly DsnMistake[];
}

/** The same reading, with more mistakes. */
export function adding({ driver, mistakes }: Reading, ...more: readonly DsnMistake[]): Reading {
  return { driver, mistakes: [...mistakes, ...more] };
}

/** For an unreadable DSN: the form to fill in. */
export function describeNothing({ driver, mistakes }: Reading): DsnDescription {
  const database = driver && drivers[driver].database;
  const takenBy = driver === undefined ? ["pg", "postgres"] : [driver];
  const blank = { user: "USER", password: "", host: "HOST", database: "DATABASE", options: [] };
  const scheme = driver === undefined ? "postgresql" : drivers[driver].scheme;
  const dsn = database === "SQLite" ? "FILE.db" : writeAddress({ scheme, ...blank });
  return conclude({ database, takenBy, dsn, mistakes });
}

/** The mistake of using a driver for another database. */
export function driverMistakes(
  database: string,
  scheme: string,
  driver: DriverName | undefined,
): DsnMistake[] {
  if (driver === undefined || drivers[driver].database === database) return [];
  return [
    certain("driver", `"${scheme}" leads to ${database}, and ${driver} speaks ${drivers[driver].database}`),
  ];
}

/** Adds the advice. */
export function conclude(description: Omit<DsnDescription, "advice">): DsnDescription {
  return { ...description, advice: adviceOf(description) };
}

function adviceOf({ mistakes, dsn, takenBy, database }: Omit<DsnDescription, "advice">): string | undefined {
  if (mistakes.length === 0) return undefined;
  const problems = mistakes.map(({ problem }) => problem).join("; ");
  if (dsn !== undefined) return `${problems}: write ${dsn}, which ${takers(takenBy)}`;
  const use =
    takenBy.length === 0 ? "give the DSN of a database" : `use ${takenBy.join(" or ")} for ${database}`;
  return `${problems}: ${use}`;
}

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
