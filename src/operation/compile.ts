import type { NearestHandlers } from "../app/error-handlers.ts";
import type { Inputs } from "../app/inputs.ts";
import { nearestHandlers } from "../app/layer.ts";
import type { Operation } from "../app/operation.ts";
import { type InputBounds, type InputSettings, inputBounds } from "../app/settings/input-settings.ts";
import type { Resolved } from "../app/settings/resolved.ts";
import { inputJsonSchema } from "../schema/json-schema.ts";
import { type AnySchema, isSchema } from "../schema/schema.ts";
import { type CheckedSchema, compileSchema } from "../schema/validate.ts";
import type { DependencyPlan, PlannedDependency } from "./dependency-plan.ts";
import { type CompiledInputs, compileInputs } from "./inputs.ts";

const JSON_SUFFIX = /^[^/;\s]+\/[^;\s]+\+json(?:$|[;\s])/i;

/** A dependency of an operation, ready to be created. */
export interface CompiledDependency extends PlannedDependency {
  /** Undefined when it reads nothing from the request. */
  readonly inputs: CompiledInputs | undefined;
}

/** An operation, with everything prepared that does not depend on the request. */
export interface CompiledOperation {
  readonly declaration: Operation;
  readonly inputs: CompiledInputs;
  /** Its dependencies, in the order in which they are called. */
  readonly dependencies: readonly CompiledDependency[];
  readonly plan: DependencyPlan;
  readonly response: CheckedSchema | undefined;
  /** The media type of a plain value: JSON, or the kind of JSON it is documented as; undefined if it has no body. */
  readonly jsonType: string | undefined;
  /** The error handlers of its routers and its app. */
  readonly errorHandlers: NearestHandlers;
  /** Whether the answer to an error may close a socket. */
  readonly closes?: boolean;
  /** Which forms of the body the operation or its dependencies read. */
  readonly reads: {
    readonly json: boolean;
    readonly form: boolean;
    /** Whether a schema of the body has integers that must keep all their digits. */
    readonly bigints: boolean;
  };
  /** A body without a content type is not taken for JSON. */
  readonly strictContentType: boolean;
  readonly bounds: InputBounds;
}

/** An app's settings for all of its operations. */
export interface OperationSettings {
  readonly strictContentType: boolean;
}

/** Prepares an operation, once. */
export function compileOperation(
  declaration: Operation,
  plan: DependencyPlan,
  settings: OperationSettings,
  inputSettings: Resolved<InputSettings>,
): CompiledOperation {
  const bounds = inputBounds(inputSettings, declaration.lane, declaration.strictTypes);
  const all = [declaration.inputs, ...plan.nodes.map((node) => node.declaration.inputs)];
  return {
    declaration,
    inputs: compileInputs(declaration.inputs, bounds),
    dependencies: plan.nodes.map((node) => compileDependency(node, bounds)),
    plan,
    response: declaration.response && compileSchema(declaration.response, { ...bounds, strictTypes: false }),
    jsonType: jsonTypeOf(declaration),
    reads: {
      json: all.some(({ body }) => body !== undefined),
      form: all.some(({ form }) => form !== undefined),
      bigints: all.some(({ body }) => body !== undefined && bodySchemas(body).some(hasBigints)),
    },
    bounds,
    errorHandlers: nearestHandlers(declaration.layers),
    ...settings,
  };
}

function jsonTypeOf({ documentation }: Operation): string | undefined {
  const { responseMediaType = "application/json" } = documentation;
  if (responseMediaType === null) return undefined;
  return JSON_SUFFIX.test(responseMediaType) ? responseMediaType : "application/json";
}

function bodySchemas(body: NonNullable<Inputs["body"]>): AnySchema[] {
  return isSchema(body) ? [body] : Object.values(body);
}

/** Whether a schema has integers that must keep all their digits. */
export function hasBigints(schema: AnySchema): boolean {
  return JSON.stringify(inputJsonSchema(schema) ?? {}).includes('"format":"int64"');
}

/** A task's dependencies, ready to be called. They read nothing from a request. */
export function compileTaskDependencies({ nodes }: DependencyPlan): CompiledDependency[] {
  return nodes.map((node) => ({ ...node, inputs: undefined }));
}

/** A dependency of a plan, ready to be created. */
export function compileDependency(node: PlannedDependency, bounds: InputBounds): CompiledDependency {
  const { inputs } = node.declaration;
  return { ...node, inputs: inputs.isEmpty ? undefined : compileInputs(inputs, bounds) };
}
