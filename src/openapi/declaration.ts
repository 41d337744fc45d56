import type { DescribedOperation, OperationDocumentation } from "../app/documentation.ts";
import type { Operation } from "../app/operation.ts";
import { pathNames } from "../app/path.ts";
import { securityRequirements } from "../app/security-requirements.ts";
import type { SecurityRequirement } from "../app/security-scheme.ts";
import { isSchema, type Schema, type Schemas } from "../schema/schema.ts";
import { operationName, toTemplate } from "./names.ts";

/** What is read from one place: a schema for each name, or one schema for all of it. */
export type Declared = Schemas | Schema;

/** The parameters that one function declares: the operation itself, or one of its dependencies. */
export interface ParameterGroup {
  readonly params: Declared;
  readonly query: Declared;
  readonly headers: Declared;
  readonly cookies: Declared;
}

/** An operation as the document sees it: run here, or only described, as a webhook or callback is. */
export interface Declaration {
  readonly name: string;
  /** In lower case, as the document writes it. */
  readonly method: string;
  readonly template: string;
  /** The names in the path, those without a schema included. */
  readonly pathNames: readonly string[];
  /** The operation's own parameters first, then those of its dependencies. */
  readonly parameters: readonly ParameterGroup[];
  /** The JSON body. */
  readonly body: Declared | undefined;
  /** The fields and files of a form. */
  readonly form: Declared | undefined;
  readonly response: Schema | undefined;
  readonly status: number;
  readonly tags: readonly string[];
  /** Those of its dependencies; what it says itself is in `documentation`. */
  readonly security: readonly SecurityRequirement[];
  readonly documentation: OperationDocumentation;
}

/** What the document takes of an operation. */
export function declarationOf(operation: Operation): Declaration {
  const { inputs, documentation, handler, path, status, tags } = operation;
  const method = operation.method.toLowerCase();
  const template = toTemplate(path);
  return {
    name: operationName(handler.name, method, template),
    method,
    template,
    pathNames: pathNames(path),
    parameters: [inputs],
    body: inputs.body,
    form: undefined,
    response: undefined,
    status,
    tags,
    security: securityRequirements(operation.deps),
    documentation,
  };
}

/** What the document takes of an operation that somebody else answers. */
export function describedDeclaration(
  name: string,
  method: string,
  template: string,
  described: DescribedOperation,
): Declaration {
  const { params = {}, query = {}, headers = {}, cookies = {}, body, response, status, tags } = described;
  return {
    name,
    method,
    template,
    pathNames: isSchema(params) ? [] : Object.keys(params),
    parameters: [{ params, query, headers, cookies }],
    body,
    form: undefined,
    response,
    status: status ?? 200,
    tags: tags ?? [],
    security: [],
    documentation: described,
  };
}
