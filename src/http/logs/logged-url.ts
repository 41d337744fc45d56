import { unescape as decode } from "node:querystring";
import type { App } from "../../app/app.ts";
import { everyDependency } from "../../app/dependency.ts";
import type { Inputs } from "../../app/inputs.ts";
import type { Operation } from "../../app/operation.ts";
import { servedOperations, servedSockets } from "../../app/parts.ts";
import { pathNames } from "../../app/path.ts";
import type { ResolvedSettings } from "../../app/settings/settings.ts";
import { inputJsonSchema, propertiesOf } from "../../schema/json-schema.ts";
import { paramOptions } from "../../schema/param.ts";
import { type AnySchema, isSchema, type Schemas } from "../../schema/schema.ts";
import { Shape } from "../../schema/shape.ts";
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

/** URLs as they are logged: a secret parameter keeps its name, but not its value. */
export class LoggedUrls {
  readonly #rootPath: string;
  readonly #names: SecretNames;
  readonly #showsValues: boolean;
  readonly #app: App;
  readonly #parts = new WeakMap<Operation, SecretParts>();
  /** Made when the first request comes that no operation answers. */
  #ofAll: SecretsOfAll | undefined;

  /** @param app - Whose URLs they are. */
  constructor({ rootPath, log }: LoggedSettings, app: App) {
    this.#rootPath = rootPath;
    this.#names = new SecretNames(log.secrets);
    this.#showsValues = log.queryValues;
    this.#app = app;
  }

  /** @param operation - The one that answers; undefined where none does. */
  of(url: string, operation: Operation | undefined): string {
    const end = url.search(/[?#]/); // the router starts a query at either
    const path = withoutLogin(end === -1 ? url : url.slice(0, end));
    const shown = this.#hideSegments(path, operation);
    if (end === -1) return shown;
    const { query } = operation === undefined ? this.#secretsOfAll() : this.#partsOf(operation);
    return shown + url[end] + this.#hideValues(url.slice(end + 1), query);
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

  #hideSegments(path: string, operation: Operation | undefined): string {
    const isAnySecret =
      operation === undefined
        ? this.#secretsOfAll().paths.length > 0
        : this.#partsOf(operation).segments.length > 0;
    if (!isAnySecret) return path;
    const start = path.startsWith("/") ? 0 : (/^[a-z]+:\/\/[^/]*/i.exec(path)?.[0].length ?? 0);
    const rest = path.slice(start);
    const hasRoot = this.#rootPath !== "" && rest.startsWith(`${this.#rootPath}/`);
    const root = hasRoot ? this.#rootPath : "";
    const segments = rest.slice(root.length).split("/");
    const hidden =
      operation === undefined
        ? this.#secretsOfAll().paths.flatMap((one) => secretsIn(segments, one))
        : this.#partsOf(operation).segments;
    for (const index of hidden) if (segments[index]) segments[index] = HIDDEN;
    return path.slice(0, start) + root + segments.join("/");
  }

  /** A URL that no operation answers may have the secrets of one: by another method, or with another slash. */
  #secretsOfAll(): SecretsOfAll {
    if (this.#ofAll === undefined) {
      const sockets = servedSockets(this.#app).map(({ connection }) => connection);
      const all = [...servedOperations(this.#app), ...sockets].map((operation) => ({
        path: operation.path,
        parts: this.#partsOf(operation),
      }));
      this.#ofAll = {
        query: new Set(all.flatMap(({ parts }) => [...parts.query])),
        paths: all.flatMap(({ path, parts }) => secretPathOf(path, parts.segments)),
      };
    }
    return this.#ofAll;
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

/** What is secret in the URL of any operation. */
interface SecretsOfAll {
  readonly query: ReadonlySet<string>;
  readonly paths: readonly SecretPath[];
}

/** The names of a path as declared, up to its last secret. */
type SecretPath = readonly { readonly name: string; readonly isSecret: boolean }[];

function secretPathOf(path: string, secrets: readonly number[]): SecretPath[] {
  if (secrets.length === 0) return [];
  const names = path.split("/").slice(0, Math.max(...secrets) + 1);
  return [names.flatMap((name, index) => (name === "" ? [] : { name, isSecret: secrets.includes(index) }))];
}

/** The indexes of secret segments of a path as sent, if it begins like one that has secrets, with any number of slashes. */
function secretsIn(sent: readonly string[], path: SecretPath): number[] {
  const indexes = sent.flatMap((segment, index) => (segment === "" ? [] : index));
  const isLike = path.every(({ name }, position) => {
    const segment = sent[indexes[position] ?? -1];
    return segment === undefined || pathNames(name).length > 0 || decode(segment) === name;
  });
  if (!isLike) return [];
  return path.flatMap(({ isSecret }, position) => (isSecret ? (indexes[position] ?? []) : []));
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
