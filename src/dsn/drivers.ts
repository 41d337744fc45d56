/** A driver whose DSNs are known, by the name it is imported under. */
export type DriverName = "pg" | "postgres" | "mysql2" | "mariadb" | "node:sqlite" | "better-sqlite3";

/** The protocol of a driver, and the scheme to write for it. */
interface Driver {
  readonly database: string;
  readonly scheme: string;
}

export const drivers: Readonly<Record<DriverName, Driver>> = {
  pg: { database: "PostgreSQL", scheme: "postgresql" },
  postgres: { database: "PostgreSQL", scheme: "postgresql" },
  mysql2: { database: "MySQL", scheme: "mysql" },
  mariadb: { database: "MySQL", scheme: "mariadb" },
  "node:sqlite": { database: "SQLite", scheme: "file" },
  "better-sqlite3": { database: "SQLite", scheme: "file" },
};

/** The meaning of a scheme. */
export interface Scheme {
  readonly database: string;
  /** The packages that accept its DSNs, the preferred one first. */
  readonly takenBy: readonly string[];
  /** The scheme to write instead, if this is another ecosystem's spelling: Rails' `mysql2`. */
  readonly write?: string;
  /** Whose spelling it is. */
  readonly of?: string;
}

const postgresql: Scheme = { database: "PostgreSQL", takenBy: ["pg", "postgres"] };
const mysql: Scheme = { database: "MySQL", takenBy: ["mysql2"] };
const sqlite: Scheme = { database: "SQLite", takenBy: ["node:sqlite", "better-sqlite3"] };
const sqlServer: Scheme = { database: "SQL Server", takenBy: ["mssql"] };
const mongodb: Scheme = { database: "MongoDB", takenBy: ["mongodb"] };
const redis: Scheme = { database: "Redis", takenBy: ["redis", "ioredis"] };
const prisma: Scheme = { database: "Prisma's own service", takenBy: ["@prisma/client"] };
const web: Scheme = { database: "a web server", takenBy: [] };

const schemes: Readonly<Record<string, Scheme>> = {
  postgresql,
  postgres: postgresql,
  pgsql: { ...postgresql, write: "postgresql", of: "PHP" },
  psql: { ...postgresql, write: "postgresql", of: "Django" },
  postgis: { ...postgresql, write: "postgresql", of: "Django" },
  cockroachdb: { ...postgresql, database: "CockroachDB", write: "postgresql", of: "SQLAlchemy" },
  mysql,
  mariadb: { ...mysql, takenBy: ["mariadb"] },
  mysql2: { ...mysql, write: "mysql", of: "Rails" },
  trilogy: { ...mysql, write: "mysql", of: "Rails" },
  sqlite,
  sqlite3: sqlite,
  file: sqlite,
  sqlserver: sqlServer,
  mssql: sqlServer,
  oracle: { database: "Oracle", takenBy: ["oracledb"] },
  mongodb,
  redis,
  rediss: redis,
  prisma,
  libsql: { database: "libSQL", takenBy: ["@libsql/client"] },
  http: web,
  https: web,
};

/** Looks up a scheme as written, without what follows its `+`. */
export function findScheme(name: string): Scheme | undefined {
  const lower = name.toLowerCase();
  return Object.hasOwn(schemes, lower) ? schemes[lower] : undefined;
}

/** `pg and postgres take`, `mysql2 takes`. */
export function takers(names: readonly string[]): string {
  return `${names.join(" and ")} ${names.length === 1 ? "takes" : "take"}`;
}

/** `postgresql` from `postgresql+asyncpg`. */
export function baseOf(scheme: string): string {
  return (scheme.split("+")[0] ?? "").toLowerCase();
}
