import type { Address, Option, WrittenAddress } from "./address.ts";
import { certain, type DsnMistake, likely } from "./description.ts";
import { type DriverName, drivers } from "./drivers.ts";

/** An address, how it was written, and which driver is to use it. */
interface Checked {
  readonly address: Address;
  /** Undefined when it was read from another form. */
  readonly written: WrittenAddress | undefined;
  readonly database: string;
  readonly driver: DriverName | undefined;
}

/** What a check found, and the address without the mistake. */
interface Found {
  readonly mistake: DsnMistake;
  readonly fixed: Address;
}

const checks: readonly ((checked: Checked) => Found | undefined)[] = [
  findPlaceholder,
  (checked) => findUnescaped(checked, "password"),
  (checked) => findUnescaped(checked, "user"),
  findManyHosts,
  findWrongPort,
  findOtherPort,
  findTrailingSlash,
  findMissingDatabase,
  findSocketOption,
  findSocketOfPostgres,
  findRootOverTcp,
];

/** Every mistake in an address, and the address to write instead. */
export function findMistakes(checked: Checked): { mistakes: DsnMistake[]; address: Address } {
  const mistakes: DsnMistake[] = [];
  let { address } = checked;
  for (const check of checks) {
    const found = check({ ...checked, address });
    if (found === undefined) continue;
    mistakes.push(found.mistake);
    address = found.fixed;
  }
  return { mistakes, address };
}

/** `${NAME}` and `{{name}}` from templates, `<password>` and `[YOUR-PASSWORD]` from instructions. */
function isPlaceholder(text: string): boolean {
  const isTemplate = text.includes("${") || text.includes("{{");
  return isTemplate || /^<[^<>]*>$/.test(text) || /^\[YOUR[^[\]]*\]$/i.test(text);
}

function findPlaceholder({ address }: Checked): Found | undefined {
  const parts = (["user", "password", "host", "port", "database"] as const).filter((part) =>
    isPlaceholder(address[part] ?? ""),
  );
  const [first] = parts;
  if (first === undefined) return undefined;
  const capitals = Object.fromEntries(parts.map((part) => [part, part.toUpperCase()]));
  const fixed = { ...address, ...capitals, port: parts.includes("port") ? undefined : address.port };
  const names = parts.join(" and the ");
  const verb = parts.length === 1 ? "is a placeholder" : "are placeholders";
  return { mistake: certain(first, `The ${names} ${verb} that nobody filled in`), fixed };
}

/**
 * Characters that end a user or a password for some parser of URLs; `@` only for parsers other than
 * those of Node's drivers.
 */
function findUnescaped({ address, written }: Checked, part: "user" | "password"): Found | undefined {
  const text = written?.[part] ?? "";
  if (isPlaceholder(text)) return undefined;
  const ending = [...new Set(text.match(/[@/?#\s]|%(?![\da-f]{2})/gi) ?? [])];
  if (ending.length === 0) return undefined;
  const signs = ending.map((sign) => `"${sign}"`).join(" and ");
  const codes = ending.map(encodeURIComponent).join(" and ");
  const problem = `The ${part} holds ${signs}, which a URL has to write as ${codes}`;
  const isCertain = ending.some((sign) => sign !== "@" && sign !== " ");
  return { mistake: { part, problem, isCertain }, fixed: address };
}

function findManyHosts({ address, driver }: Checked): Found | undefined {
  if (!address.host?.includes(",") || driver === "postgres") return undefined;
  const [host, port] = (address.host.split(",")[0] ?? "").split(":");
  const who = driver ?? (address.scheme.startsWith("postgres") ? "pg" : "mysql2");
  const others = address.scheme.startsWith("postgres") ? ", postgres takes several" : "";
  const mistake = certain("host", `It names several hosts, and ${who} takes one${others}`);
  return { mistake, fixed: { ...address, host, port } };
}

function findWrongPort({ address }: Checked): Found | undefined {
  const { port } = address;
  if (port === undefined || (/^\d+$/.test(port) && Number(port) > 0 && Number(port) < 65_536))
    return undefined;
  const fixed = { ...address, port: undefined };
  return { mistake: certain("port", "The port is not a number from 1 to 65535"), fixed };
}

const usualPorts: Readonly<Record<string, string>> = { PostgreSQL: "5432", MySQL: "3306" };

function findOtherPort({ address, database }: Checked): Found | undefined {
  const owner = Object.keys(usualPorts).find((name) => usualPorts[name] === address.port);
  const port = usualPorts[database];
  if (owner === undefined || owner === database || port === undefined) return undefined;
  const mistake = likely("port", `${address.port} is ${owner}'s usual port, and ${database}'s is ${port}`);
  return { mistake, fixed: { ...address, port } };
}

function findTrailingSlash({ address }: Checked): Found | undefined {
  if (!address.database?.endsWith("/")) return undefined;
  let { database } = address;
  while (database.endsWith("/")) database = database.slice(0, -1);
  const mistake = certain("database", `The slash after "${database}" is read as a part of its name`);
  return { mistake, fixed: { ...address, database: database || undefined } };
}

function findMissingDatabase({ address, driver, database }: Checked): Found | undefined {
  if (address.database !== undefined) return undefined;
  const fixed = { ...address, database: "DATABASE" };
  if (driver === "mariadb")
    return {
      mistake: certain("database", "It names no database, and mariadb refuses a DSN without one"),
      fixed,
    };
  const then = database === "PostgreSQL" ? "the one named like the user is opened" : "queries find no table";
  return { mistake: likely("database", `It names no database, so that ${then}`), fixed };
}

/** `unix_socket` in Python and PHP, `socket` in Go and the `mysql` command. */
function findSocketOption({ address, database }: Checked): Found | undefined {
  const index = address.options.findIndex(([name]) => /^(unix_socket|unixSocket|socket)$/.test(name));
  const option = address.options[index];
  if (option === undefined || database !== "MySQL") return undefined;
  const options = address.options.with(index, ["socketPath", option[1]]);
  const problem = `The option "${option[0]}" is ignored by Node's drivers, which call it "socketPath"`;
  return {
    mistake: certain("options", problem),
    fixed: { ...address, host: address.host ?? "localhost", options },
  };
}

/** Whether an option names the folder of PostgreSQL's socket, as pg and libpq understand it. */
export function isSocketOfPostgres([name, value]: Option): boolean {
  return name === "host" && value.startsWith("/");
}

const postgresSocket: Option = ["host", "/var/run/postgresql"];

function findSocketOfPostgres({ address, database, driver }: Checked): Found | undefined {
  if (database !== "PostgreSQL") return undefined;
  const socket = address.options.find(isSocketOfPostgres);
  if (socket !== undefined && driver === "postgres") {
    const options = address.options.filter((option) => option !== socket);
    const fixed = { ...address, host: address.host ?? "localhost", options };
    const problem = `postgres reads no socket from a DSN, and wants { host: "${socket[1]}" } beside it`;
    return { mistake: certain("options", problem), fixed };
  }
  if (socket !== undefined || address.host !== undefined) return undefined;
  const fixed =
    driver === "postgres"
      ? { ...address, host: "localhost" }
      : { ...address, options: [...address.options, postgresSocket] };
  const problem = "It names no host, where psql takes the socket and Node's drivers go to localhost by TCP";
  return { mistake: likely("host", problem), fixed };
}

/** MariaDB and MySQL on Debian let the system's root in through the socket, and nobody in as root over TCP. */
function findRootOverTcp({ address, database }: Checked): Found | undefined {
  const { host, user = "root", password = "", options } = address;
  const isSocket = options.some(([name]) => name === "socketPath");
  if (database !== "MySQL" || isSocket || host !== "localhost" || user !== "root" || password !== "")
    return undefined;
  const fixed = { ...address, options: [...options, ["socketPath", "/run/mysqld/mysqld.sock"] as Option] };
  const problem =
    "localhost is TCP for Node's drivers and the socket for the mysql command, and by TCP Debian's servers let no root in without a password";
  return { mistake: likely("host", problem), fixed };
}

/** The address with the scheme that its driver expects. */
export function inSchemeOf(
  driver: DriverName | undefined,
  address: Address,
): { address: Address; mistakes: DsnMistake[] } {
  if (driver !== "mariadb" || address.scheme === "mariadb") return { address, mistakes: [] };
  const problem = `mariadb takes no scheme but "mariadb", and "${address.scheme}" is not it`;
  return {
    address: { ...address, scheme: drivers[driver].scheme },
    mistakes: [certain("scheme", problem)],
  };
}
