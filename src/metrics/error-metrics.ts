import { Counter, type Registry } from "prom-client";
import type { Operation } from "../app/operation.ts";

/** Counts an error of an operation, by its type. */
export type CountError = (operation: string, type: string) => void;

/** The code that a socket is closed with when what handles its messages fails. */
export const FAILED_MESSAGE = 1011;

/** What goes wrong in answering, besides other statuses of 500-599. */
const requestErrors = ["500", "503", "504", "broken_stream"];

/** @param operations - Those whose errors are counted from 0 on. */
export function createErrorMetrics(
  registry: Registry,
  operations: readonly Pick<Operation, "id" | "isMessage">[],
): CountError {
  const errors = new Counter({
    name: "offloop_operation_errors_total",
    help: "Requests answered with 5xx, streams that broke off, and messages of sockets that failed",
    labelNames: ["operation", "error_type"],
    registers: [registry],
  });
  for (const { id: operation, isMessage } of operations)
    for (const error_type of isMessage ? [String(FAILED_MESSAGE)] : requestErrors)
      errors.inc({ operation, error_type }, 0);
  return (operation, error_type) => errors.inc({ operation, error_type });
}
