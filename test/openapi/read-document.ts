import assert from "node:assert/strict";
import type { App } from "offloop";
import { createDocument } from "../../src/openapi/document.ts";

/** An Operation Object, of which only what tests look at is typed. */
export interface OperationObject extends Record<string, unknown> {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Record<string, unknown>[];
  readonly requestBody?: Record<string, unknown>;
  readonly responses: Record<string, Record<string, unknown>>;
}

/** The paths of an app's document. */
export function paths(app: App): Record<string, Record<string, OperationObject>> {
  return createDocument(app).paths as Record<string, Record<string, OperationObject>>;
}

/** One operation of an app's document. */
export function operationIn(app: App, method: string, path: string): OperationObject {
  const operation = paths(app)[path]?.[method];
  assert.ok(operation, `${method} ${path} is in the document, which has ${Object.keys(paths(app))}`);
  return operation;
}

/** The named schemas of an app's document. */
export function schemas(app: App): Record<string, Record<string, unknown>> {
  const { components = {} } = createDocument(app) as {
    components?: { schemas?: Record<string, Record<string, unknown>> };
  };
  return components.schemas ?? {};
}
