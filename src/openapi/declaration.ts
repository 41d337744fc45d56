import { types } from "node:util";
import { type DependencyDeclaration, everyDependency, type NamedDependency } from "../app/dependency.ts";
import type { DescribedOperation, NamedOperation, OperationDocumentation } from "../app/documentation.ts";
import type { Inputs } from "../app/inputs.ts";
import type { Operation } from "../app/operation.ts";
import { pathNames } from "../app/path.ts";
import type { DeclaredSecurityScheme, SecurityRequirement } from "../app/security-scheme.ts";
import type { ResolvedSession } from "../app/session.ts";
import { paramOptions } from "../schema/param.ts";
import { isSchema, refuses, type Schema, type Schemas } from "../schema/schema.ts";
import { handlerName, nameInWords, toTemplate, WILDCARD } from "./names.ts";

/** What is read from one source: a schema for each name, or one schema for all of it. */
export type Declared = Schemas | Schema;

/** What one function reads: the operation itself, or one of its dependencies. */
export interface DeclaredInputs {
  readonly params: Declared;
  readonly query: Declared;
  readonly headers: Declared;
  readonly cookies: Declared;
  /** The JSON body. */
  readonly body: Declared | undefined;
  /** The fields and files of a form. */
  readonly form: Declared | undefined;
}

/** An operation as the document sees it: one that runs here, or one that is only described, as a webhook or a callback. */
export interface Declaration {
  readonly name: string;
  /** Whether the name was chosen by someone, rather than made from method and path. */
  readonly isNamed: boolean;
  /** In lower case, as the document writes it. */
  readonly method: string;
  readonly template: string;
  /** The names in the path, including those without a schema, and their names in the document. */
  readonly pathNames: ReadonlyMap<string, string>;
  /** The operation's own inputs first, then those of its dependencies. */
  readonly inputs: readonly DeclaredInputs[];
  /** Whether the handler reads the body as it arrives, of any kind. */
  readonly streamsBody: boolean;
  readonly response: Schema | undefined;
  readonly responseMediaType: string | null;
  readonly status: number;
  readonly tags: readonly string[];
  /** The requirements of its dependencies; its own are in `documentation`. */
  readonly security: readonly SecurityRequirement[];
  /** Whether it answers 401 without a session. */
  readonly needsSession: boolean;
  /** The rule of the nearest router that has one. */
  readonly operationIdRule: ((operation: NamedOperation) => string) | undefined;
  readonly documentation: OperationDocumentation;
}

/** What the document uses of an operation. */
export function declarationOf(operation: Operation): Declaration {
  const { inputs, documentation, handler, response, path, status, tags, operationIdRule } = operation;
  const method = operation.method.toLowerCase();
  const names = documentNames(path, inputs.params);
  const template = toTemplate(path, (name) => names.get(name) ?? name);
  const streams = types.isGeneratorFunction(handler);
  const needed = [...everyDependency(operation.deps)]; // in the order in which FastAPI lists them
  const all = [inputs, ...needed.map((dependency) => dependency.inputs)];
  return {
    name: handlerName(handler) ?? nameInWords(method, template),
    isNamed: handlerName(handler) !== undefined,
    method,
    template,
    pathNames: names,
    inputs: all,
    streamsBody: operation.streamsBody,
    response,
    responseMediaType: mediaTypeOf(documentation, streams ? "application/jsonl" : "application/json"),
    status,
    tags,
    security: securityRequirements(operation.deps),
    needsSession: isSessionRequired(all),
    operationIdRule,
    documentation,
  };
}

/** What the document uses of an operation that somebody else answers. */
export function describedDeclaration(
  name: string,
  method: string,
  template: string,
  described: DescribedOperation,
): Declaration {
  const { params = {}, query = {}, headers = {}, cookies = {}, body, form, response } = described;
  return {
    name,
    isNamed: true,
    method,
    template,
    pathNames: new Map(Object.keys(params).map((path) => [path, path])),
    inputs: [{ params, query, headers, cookies, body, form }],
    streamsBody: false,
    response,
    responseMediaType: mediaTypeOf(described, "application/json"),
    status: described.status ?? 200,
    tags: described.tags ?? [],
    security: [],
    needsSession: false,
    operationIdRule: undefined,
    documentation: described,
  };
}

function documentNames(path: string, params: Declared): Map<string, string> {
  const schemas: Schemas = isSchema(params) ? {} : params;
  const alias = (name: string): string | undefined => paramOptions(schemas[name] ?? {}).alias;
  return new Map(
    pathNames(path).map((name) => [name, alias(name) ?? (name === "*" ? WILDCARD : name)] as const),
  );
}

function mediaTypeOf({ responseMediaType }: OperationDocumentation, byDefault: string): string | null {
  return responseMediaType === undefined ? byDefault : responseMediaType;
}

/** The security schemes among dependencies and everything they need, each with the scopes demanded on the way to it. */
function securityRequirements(
  deps: readonly NamedDependency[],
  demanded: readonly string[] = [],
  chain: readonly DependencyDeclaration[] = [],
): SecurityRequirement[] {
  return deps.flatMap(([, dependency, own]) => {
    if (chain.includes(dependency)) return []; // a cycle is refused where the app is served
    const scopes = [...demanded, ...own];
    const { scheme } = dependency;
    if (scheme !== undefined) return [{ scheme, scopes }];
    return securityRequirements(dependency.deps, scopes, [...chain, dependency]);
  });
}

/** Whether a request without a session is answered with 401: whether a declared value is required. */
function isSessionRequired(inputs: readonly Pick<Inputs, "session">[]): boolean {
  return inputs.some(({ session = {} }) =>
    isSchema(session) ? refuses(session, {}) : Object.values(session).some((one) => refuses(one, undefined)),
  );
}

/** The cookie of the session, as a security scheme. An app that keeps no sessions may be mounted in one that does. */
export function sessionScheme(session: Pick<ResolvedSession, "cookie"> | undefined): DeclaredSecurityScheme {
  const name = session?.cookie ?? "session";
  return { schemeName: "session", definition: { type: "apiKey", in: "cookie", name } };
}
