import { unescape as decode } from "node:querystring";
import { everyDependency } from "../app/dependency.ts";
import type { Inputs } from "../app/inputs.ts";
import type { Operation } from "../app/operation.ts";
import { pathNames } from "../app/path.ts";
import type { ResolvedSettings } from "../app/settings.ts";
import { inputJsonSchema, propertiesOf } from "../schema/json-schema.ts";
import { paramOptions } from "../schema/param.ts";
import { type AnySchema, isSchema, type Schemas } from "../schema/schema.ts";
import { Shape } from "../schema/shape.ts";
import { HIDDEN } from "./redaction.ts";
import { SecretNames } from "./secret-names.ts";

/** What decides how much of a request is shown. */
export type LoggedSettings = Pick<ResolvedSettings, "rootPath" | "log">;

/** The secret parts of an operation's URL, by declaration or by name. */
interface SecretParts {
  readonly query: ReadonlySet<string>;
  /** Indexes of the secret segments of its path. */
  readonly segments: readonly number[];
}

const nothing: SecretParts = { query: new Set(), segments: [] };

/** URLs as they are logged: a secret parameter keeps its name, but not its value. */
export class LoggedUrls {
  readonly #rootPath: string;
  readonly #names: SecretNames;
  readonly #showsValues: boolean;
  readonly #parts = new WeakMap<Operation, SecretParts>();

  constructor({ rootPath, log }: LoggedSettings) {
    this.#rootPath = rootPath;
    this.#names = new SecretNames(log.secrets);
    this.#showsValues = log.queryValues;
  }

  of(url: string, operation: Operation | undefined): string {
    const { query, segments } = operation === undefined ? nothing : this.#partsOf(operation);
    const end = url.search(/[?#]/); // the router starts a query at either
    const path = withoutLogin(end === -1 ? url : url.slice(0, end));
    const shown = segments.length === 0 ? path : this.#hideSegments(path, segments);
    return end === -1 ? shown : shown + url[end] + this.#hideValues(url.slice(end + 1), query);
  }

  #hideValues(query: string, declared: ReadonlySet<string>): string {
    return query
      .split("&")
      .map((pair) => {
        const at = pair.indexOf("=");
        if (at === -1 || at === pair.length - 1) return pair;
        const name = decode(pair.slice(0, at).replaceAll("+", " "));
        const isShown = this.#showsValues && !declared.has(name) && !this.#names.isQuery(name);
        return isShown ? pair : `${pair.slice(0, at)}=${HIDDEN}`;
      })
      .join("&");
  }

  #hideSegments(path: string, hidden: readonly number[]): string {
    const start = path.startsWith("/") ? 0 : (/^[a-z]+:\/\/[^/]*/i.exec(path)?.[0].length ?? 0);
    const rest = path.slice(start);
    const hasRoot = this.#rootPath !== "" && rest.startsWith(`${this.#rootPath}/`);
    const root = hasRoot ? this.#rootPath : "";
    const segments = rest.slice(root.length).split("/");
    for (const index of hidden) if (segments[index]) segments[index] = HIDDEN;
    return path.slice(0, start) + root + segments.join("/");
  }

  #partsOf(operation: Operation): SecretParts {
    let parts = this.#parts.get(operation);
    if (parts === undefined) {
      const declared = declaredSecrets(operation);
      const isHidden = (name: string): boolean => declared.params.has(name) || this.#names.isParameter(name);
      parts = { query: declared.query, segments: segmentsOf(operation.path, isHidden) };
      this.#parts.set(operation, parts);
    }
    return parts;
  }
}

/** Hides the name and password in a whole URL, which a client may send in place of a path (RFC 9112, 3.2.2). */
function withoutLogin(path: string): string {
  return path.startsWith("/") ? path : path.replace(/^([a-z][a-z\d+.-]*:\/\/)[^/]*@/i, `$1${HIDDEN}@`);
}

function segmentsOf(path: string, isHidden: (name: string) => boolean): number[] {
  return path.split("/").flatMap((segment, index) => (pathNames(segment).some(isHidden) ? [index] : []));
}

interface Declared {
  readonly params: Set<string>;
  readonly query: Set<string>;
}

/**
 * Finds the parameters that an operation, or a dependency of it, declares as a password, as
 * write-only, or as an API key.
 */
function declaredSecrets({ inputs, deps }: Operation): Declared {
  const found: Declared = { params: new Set(), query: new Set() };
  addSecrets(inputs, found);
  for (const dependency of everyDependency(deps)) {
    addSecrets(dependency.inputs, found);
    const { in: where, name } = dependency.scheme?.definition ?? {};
    if (where === "query" && name !== undefined) found.query.add(name);
  }
  return found;
}

function addSecrets({ params, query }: Inputs, found: Declared): void {
  for (const name of secretNames(params)) found.params.add(name);
  for (const name of secretNames(query, true)) found.query.add(name);
}

/** @param byAlias - Whether the request uses the alias as the name. */
function secretNames(declared: Schemas | AnySchema, byAlias = false): string[] {
  if (isSchema(declared)) {
    const root = inputJsonSchema(declared) ?? {};
    const shape = Shape.of(root);
    return [...propertiesOf(root)].flatMap(([name]) => (shape.at(name).isSecret ? [name] : []));
  }
  return Object.entries(declared).flatMap(([name, schema]) => {
    const root = inputJsonSchema(schema);
    if (root === undefined || !Shape.of(root).isSecret) return [];
    return [(byAlias ? paramOptions(schema).alias : undefined) ?? name];
  });
}
