import { Counter, type Registry } from "prom-client";
import type { Operation } from "../app/operation.ts";

/** Counts an error of an operation, by its type. */
export type CountError = (operation: string, type: string) => void;

/**
 * The usual errors; a request may have other statuses of 500-599. A message is answered with one of these, which closes
 * its socket.
 */
const messageErrors = ["500", "503", "504"];
const requestErrors = [...messageErrors, "broken_stream", "shutdown"];

/** @param operations - Operations whose errors are counted from 0 on. */
export function createErrorMetrics(
  registry: Registry,
  operations: readonly Pick<Operation, "id" | "isMessage">[],
): CountError {
  const errors = new Counter({
    name: "offloop_operation_errors_total",
    help: "Requests answered with 5xx or ended by the shutdown, streams that broke off, and messages of sockets that failed",
    labelNames: ["operation", "error_type"],
    registers: [registry],
  });
  for (const { id: operation, isMessage } of operations)
    for (const error_type of isMessage ? messageErrors : requestErrors)
      errors.inc({ operation, error_type }, 0);
  return (operation, error_type) => errors.inc({ operation, error_type });
}
