import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { kindOf, shownValue } from "../errors/shown-value.ts";
import { isSchema } from "../schema/schema.ts";
import type { DescribedPath, OperationDocumentation, ResponseDocumentation } from "./documentation.ts";
import { checkOptionNames } from "./option-names.ts";

/** How an operation, all operations of a router, or a webhook are documented. */
type Documented = Pick<OperationDocumentation, "responses" | "security" | "callbacks">;

/**
 * Refuses what the document would leave out, or could not name.
 *
 * @param what - What is documented: "GET /".
 * @throws {OffloopError} `OFFLOOP_OPTION_UNKNOWN`, `OFFLOOP_OPTION_INVALID`.
 */
export function checkDocumentation(
  what: string,
  { responses = {}, security, callbacks = {} }: Documented,
  at: SourceLocation,
): void {
  for (const [status, response] of Object.entries(responses))
    if (response !== undefined)
      checkResponse(`document the response ${status} of ${what}`, status, response, at);
  checkSecurity(what, security, at);
  for (const [name, paths] of Object.entries(callbacks))
    for (const path of Object.values(paths)) checkDescribedPath(`the callback ${name} of ${what}`, path, at);
}

/** The same for each method of a path that is only described. */
export function checkDescribedPath(what: string, path: DescribedPath, at: SourceLocation): void {
  for (const [method, described] of Object.entries(path))
    if (described !== undefined) checkDocumentation(`${method} of ${what}`, described, at);
}

const responseNames: Readonly<Record<keyof ResponseDocumentation, true>> = {
  description: true,
  schema: true,
  content: true,
  headers: true,
};

/** OpenAPI's names of responses. */
const RESPONSE_NAME = /^([1-5]\d\d|[1-5]XX|default)$/;

function checkResponse(action: string, status: string, response: object, at: SourceLocation): void {
  if (!RESPONSE_NAME.test(status))
    throw unfitResponse(action, "a status of 100-599, 4XX or default", shownValue(status), at);
  if (isSchema(response) || typeof response !== "object")
    throw unfitResponse(
      action,
      "{ schema, description }",
      isSchema(response) ? "a schema" : kindOf(response),
      at,
    );
  checkOptionNames(action, response, responseNames, at);
}

function unfitResponse(action: string, expected: string, got: string, at: SourceLocation): OffloopError {
  return new OffloopError("OFFLOOP_OPTION_INVALID", `Cannot ${action}: expected ${expected}, got ${got}`, {
    at,
    fix: 'write responses: { 404: { schema, description: "No such item" } }',
  });
}

function checkSecurity(what: string, security: unknown, at: SourceLocation): void {
  if (security === undefined) return;
  const given: readonly unknown[] = Array.isArray(security) ? security : [security];
  if (Array.isArray(security) && given.every(isRequirement)) return;
  const wrong = given.find((one) => !isRequirement(one)) ?? security;
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot document the security of ${what}: ${shownValue(wrong)} is not a list of security schemes`,
    { at, fix: "pass the schemes themselves: security: [scheme], or [{ scheme, scopes: [] }]" },
  );
}

/** OpenAPI's own form, `{ session: [] }`, names a scheme that the document would not have. */
function isRequirement(value: unknown): boolean {
  const { scheme, scopes } = (value ?? {}) as { scheme?: unknown; scopes?: unknown };
  return isScheme(value) || (isScheme(scheme) && Array.isArray(scopes));
}

function isScheme(value: unknown): boolean {
  const { schemeName, definition } = (value ?? {}) as { schemeName?: unknown; definition?: unknown };
  return typeof schemeName === "string" && typeof definition === "object" && definition !== null;
}
