import type { ErrorHandlers } from "../app/error-handlers.ts";
import type { Operation } from "../app/operation.ts";
import { createRepair, type Repair } from "../schema/repair.ts";
import type { AnySchema } from "../schema/schema.ts";
import type { DependencyPlan, PlannedDependency } from "./dependency-plan.ts";
import { type CompiledInputs, compileInputs } from "./inputs.ts";

/** A dependency of an operation, ready to be made. */
export interface CompiledDependency extends PlannedDependency {
  /** Undefined when it reads nothing of the request. */
  readonly inputs: CompiledInputs | undefined;
}

/** An operation with everything worked out that does not depend on the request. */
export interface CompiledOperation {
  readonly declaration: Operation;
  readonly inputs: CompiledInputs;
  /** Undefined when it needs nothing. */
  readonly dependencies: readonly CompiledDependency[] | undefined;
  readonly plan: DependencyPlan;
  readonly response: { readonly schema: AnySchema; readonly repair: Repair } | undefined;
  readonly errorHandlers: ErrorHandlers;
  /** What is wanted of the body, by it or by what it needs. */
  readonly reads: { readonly json: boolean; readonly form: boolean };
  /** A body without content type is not taken for JSON. */
  readonly strictContentType: boolean;
}

/** What an app says about all of its operations. */
export interface OperationSettings {
  readonly errorHandlers: ErrorHandlers;
  readonly strictContentType: boolean;
}

/** Works out an operation once. */
export function compileOperation(
  declaration: Operation,
  plan: DependencyPlan,
  settings: OperationSettings,
): CompiledOperation {
  const all = [declaration.inputs, ...plan.nodes.map((node) => node.declaration.inputs)];
  return {
    declaration,
    inputs: compileInputs(declaration.inputs),
    dependencies: plan.nodes.length === 0 ? undefined : plan.nodes.map(compileDependency),
    plan,
    response: declaration.response && {
      schema: declaration.response,
      repair: createRepair(declaration.response),
    },
    reads: {
      json: all.some(({ body }) => body !== undefined),
      form: all.some(({ form }) => form !== undefined),
    },
    ...settings,
  };
}

function compileDependency(node: PlannedDependency): CompiledDependency {
  const { inputs } = node.declaration;
  return { ...node, inputs: inputs.isEmpty ? undefined : compileInputs(inputs) };
}
