import { OffloopError } from "../errors/offloop-error.ts";
import { nearest } from "./option-names.ts";
import { pathNames } from "./path.ts";

/** The values of a path's parameters; `*` stands for the rest of it, including slashes. */
export type UrlParams = Readonly<Record<string, string | number | bigint | boolean>>;

/** The parts that a URL is made from. */
export interface NamedPath {
  readonly path: string;
  readonly mountedAt: string;
  readonly handler: { readonly name: string };
  readonly documentation: { readonly operationId?: string };
}

/** The paths of all operations that are served together, by name. */
export class Urls {
  readonly #operations: readonly NamedPath[];
  #byName: ReadonlyMap<string, readonly NamedPath[]> | undefined;

  constructor(operations: readonly NamedPath[]) {
    this.#operations = operations;
  }

  /**
   * The path of an operation, relative to the root of what is served.
   *
   * @param name - Its `operationId`, or the name of its handler. The app's own operations take precedence over those of
   * mounted apps.
   * @param mountedAt - Where the asking app is mounted.
   * @throws {OffloopError} `OFFLOOP_URL_UNKNOWN`.
   */
  pathOf(name: string, params: UrlParams, mountedAt: string): string {
    this.#byName ??= byName(this.#operations);
    const found = this.#byName.get(name) ?? [];
    const chosen =
      found.find((one) => one.mountedAt === mountedAt) ??
      found.find((one) => one.mountedAt.startsWith(`${mountedAt}/`)) ??
      found[0];
    if (chosen === undefined) throw unknownName(name, [...this.#byName.keys()]);
    return filled(name, chosen.path, params);
  }

  /** Where the app with this prefix before its paths is mounted. */
  mountOf(rootPath: string): string {
    let longest = "";
    for (const { mountedAt } of this.#operations)
      if (mountedAt.length > longest.length && rootPath.endsWith(mountedAt)) longest = mountedAt;
    return longest;
  }
}

/** An operationId takes precedence over a handler's name. */
function byName(operations: readonly NamedPath[]): ReadonlyMap<string, readonly NamedPath[]> {
  const named = Map.groupBy(operations, ({ documentation }) => documentation.operationId ?? "");
  for (const operation of operations) {
    const { name } = operation.handler;
    named.set(name, [...(named.get(name) ?? []), operation]);
  }
  named.delete("");
  return named;
}

const NAME = /::|:([^/\-.(?:]+)(?:\((?:[^()]|\([^()]*\))*\))?\??|\*$/g;

function filled(operation: string, path: string, params: UrlParams): string {
  const names = pathNames(path);
  const extra = Object.keys(params).find((name) => !names.includes(name));
  if (extra !== undefined) throw unfit(operation, path, `it has no "${extra}"`, `leave out "${extra}"`);
  return path.replaceAll(NAME, (written, name: string | undefined) => {
    if (written === "::") return ":";
    const key = name ?? "*";
    const value = String(params[key] ?? "");
    const parts = key === "*" ? value.split("/") : [value];
    // Clients resolve "." and ".." themselves, so the URL would lead elsewhere.
    if ((value === "" && key !== "*") || parts.some((part) => part === "." || part === ".."))
      throw unfit(operation, path, `"${key}" is ${JSON.stringify(value)}`, `give "${key}" a value`);
    return parts.map(encodeURIComponent).join("/");
  });
}

function unknownName(name: string, known: readonly string[]): OffloopError {
  const meant = nearest(name, known);
  return new OffloopError(
    "OFFLOOP_URL_UNKNOWN",
    `Cannot make the URL of "${name}": no operation has this operationId, nor a handler of this name`,
    { fix: meant === undefined ? "give the operation an operationId" : `write "${meant}"` },
  );
}

function unfit(name: string, path: string, what: string, fix: string): OffloopError {
  return new OffloopError("OFFLOOP_URL_UNKNOWN", `Cannot make the URL of "${name}", ${path}: ${what}`, {
    fix,
  });
}
