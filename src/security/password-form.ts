import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import type { Schema } from "../schema/schema.ts";

/** The form that a client sends to exchange a password for a token. */
export interface PasswordFormInput {
  /** Must be `"password"` if sent. */
  readonly grant_type?: string;
  /** The user's name. */
  readonly username: string;
  /** The password. */
  readonly password: string;
  /** Scopes, separated by spaces. */
  readonly scope?: string;
  /** The client's name, if clients have one. */
  readonly client_id?: string;
  /** The client's secret. */
  readonly client_secret?: string;
}

/** The parsed form of OAuth2's password flow. */
export interface PasswordForm {
  /** `"password"`, if it was sent. */
  readonly grant_type: string | undefined;
  /** The user's name. */
  readonly username: string;
  /** The password. */
  readonly password: string;
  /** The requested scopes, one by one. */
  readonly scopes: readonly string[];
  /** The client's name, if it was sent. */
  readonly client_id: string | undefined;
  /** The client's secret, if it was sent. */
  readonly client_secret: string | undefined;
}

const optional = ["grant_type", "scope", "client_id", "client_secret"] as const;
const grantType = { type: "string", pattern: "^password$" };

/**
 * The form of OAuth2's password flow: RFC 6749, section 4.3.2. FastAPI's `OAuth2PasswordRequestForm`, where
 * `grant_type` may be absent. It is a Standard Schema: declare it as an operation's `form`.
 *
 * @example
 * ```ts
 * import { passwordForm } from "offloop/security";
 *
 * const result = passwordForm["~standard"].validate({ username: "ada", password: "secret", scope: "me items" });
 * console.log(result);
 * ```
 */
export const passwordForm: Schema<PasswordFormInput, PasswordForm> = createPasswordForm(false);

/**
 * The same form with `grant_type` required, as the RFC says. FastAPI's `OAuth2PasswordRequestFormStrict`.
 *
 * @example
 * ```ts
 * import { strictPasswordForm } from "offloop/security";
 *
 * console.log(strictPasswordForm["~standard"].validate({ username: "ada", password: "secret" }));
 * ```
 */
export const strictPasswordForm: Schema<PasswordFormInput, PasswordForm> = createPasswordForm(true);

type Issue = StandardSchemaV1.Issue & { readonly type?: string };

function createPasswordForm(strict: boolean): Schema<PasswordFormInput, PasswordForm> {
  const required = ["username", "password", ...(strict ? (["grant_type"] as const) : [])];
  const json = {
    type: "object",
    properties: {
      grant_type: strict ? grantType : nullable(grantType),
      username: { type: "string" },
      password: { type: "string", format: "password" },
      scope: { type: "string", default: "" },
      client_id: nullable({ type: "string" }),
      client_secret: { ...nullable({ type: "string" }), format: "password" },
    },
    required,
  };
  const convert = (): Record<string, unknown> => json;
  const standard: StandardSchemaV1.Props<PasswordFormInput, PasswordForm> & StandardJSONSchemaV1.Props = {
    version: 1,
    vendor: "offloop",
    validate: (value) => readForm(value, required),
    jsonSchema: { input: convert, output: convert },
  };
  return { "~standard": standard };
}

function readForm(value: unknown, required: readonly string[]): StandardSchemaV1.Result<PasswordForm> {
  if (value === null || typeof value !== "object") return { issues: [{ message: "Expected a form" }] };
  const fields = value as Record<string, unknown>;
  const issues = [...new Set([...required, ...optional])].flatMap((name) =>
    issuesOf(name, fields[name], required.includes(name)),
  );
  if (issues.length > 0) return { issues };
  const {
    grant_type,
    username,
    password,
    scope = "",
    client_id,
    client_secret,
  } = fields as {
    [Name in keyof PasswordFormInput]-?: string;
  };
  const scopes = scope.split(/\s+/).filter((name) => name !== "");
  return { value: { grant_type, username, password, scopes, client_id, client_secret } };
}

function issuesOf(name: string, value: unknown, required: boolean): Issue[] {
  const path = [name];
  if (value === undefined) return required ? [{ message: "Field required", path, type: "missing" }] : [];
  if (typeof value !== "string")
    return [{ message: "Input should be a valid string", path, type: "string_type" }];
  if (name !== "grant_type" || value === "password") return [];
  return [{ message: "String should match pattern '^password$'", path, type: "string_pattern_mismatch" }];
}

function nullable(schema: object): object {
  return { anyOf: [schema, { type: "null" }] };
}
