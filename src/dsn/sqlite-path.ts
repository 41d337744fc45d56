import type { DriverName } from "./drivers.ts";

/** A SQLite DSN, and what to pass to a driver instead. */
interface SqlitePath {
  /** The path itself, or `:memory:`. */
  readonly path: string;
  /** What is wrong with the DSN for this driver. */
  readonly problem: string | undefined;
}

/**
 * Reads `sqlite:///shop.db`, `sqlite:////srv/shop.db`, `sqlite:shop.db`, `sqlite://`, `sqlite::memory:` and
 * `file:shop.db`. The drivers accept paths: they take a scheme for part of a file name, or report that the file cannot
 * be opened.
 */
export function readSqlitePath(scheme: string, rest: string, driver: DriverName | undefined): SqlitePath {
  const [place = ""] = rest.split("?");
  if (scheme === "file") return { path: filePath(place), problem: fileProblem(driver) };
  return {
    path: sqlitePath(place),
    problem: `"${scheme}" is a scheme of other tools, and a part of the file's name for the drivers of SQLite`,
  };
}

function filePath(place: string): string {
  if (place === "" || place.startsWith(":memory:")) return ":memory:";
  return place.startsWith("//") ? place.replace(/^\/\/[^/]*/, "") : place;
}

/** SQLAlchemy counts slashes: three precede a relative path, four an absolute one. */
function sqlitePath(place: string): string {
  const path = place.replace(/^\/\/\/?/, "");
  return path === "" || path === ":memory:" ? ":memory:" : path;
}

function fileProblem(driver: DriverName | undefined): string | undefined {
  return driver === "better-sqlite3"
    ? 'better-sqlite3 takes a path, and makes a file whose name begins with "file:"'
    : undefined;
}
