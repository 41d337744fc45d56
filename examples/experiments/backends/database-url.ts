import { DatabaseError } from "./database-error.ts";

/** The databases that other schemes are for. */
const otherSchemes: Readonly<Record<string, string>> = {
  mysql: "MySQL",
  mariadb: "MariaDB",
  sqlite: "SQLite",
  sqlserver: "SQL Server",
  mssql: "SQL Server",
  oracle: "Oracle",
  mongodb: "MongoDB",
  redis: "Redis",
  jdbc: "Java's drivers",
};

/**
 * Refuses a connection URL meant for another driver, and names that driver: left to the wrong driver, the mistake shows
 * up later, as something else. Repeats only the scheme of the URL, since the rest contains a password.
 */
export function checkDatabaseUrl(url: string): void {
  const problem = problemOf(url);
  if (problem === undefined) return;
  const fix = "write postgresql://user:password@host:5432/database, or unset it to use PGlite";
  throw new DatabaseError(`Cannot use DATABASE_URL: ${problem}\n  fix ${fix}`);
}

function problemOf(url: string): string | undefined {
  const [scheme, name, driver] = /^([a-z][a-z0-9.-]*)(?:\+([a-z0-9_.+-]+))?:/i.exec(url) ?? [];
  if (scheme === undefined || name === undefined) return "it is not a URL";
  const isPostgres = ["postgres", "postgresql"].includes(name.toLowerCase());
  if (!isPostgres) {
    const other = otherSchemes[name.toLowerCase()] ?? "something else";
    return `"${scheme}" is for ${other}, and this app speaks PostgreSQL, through pg`;
  }
  if (driver !== undefined)
    return `"${scheme}" is for SQLAlchemy's driver ${driver}, and this app goes through pg`;
  return URL.canParse(url) ? undefined : `what follows "${scheme}" is not a URL`;
}
