import { availableParallelism } from "node:os";
import type { ServerSettings } from "./servers/settings.ts";
import type { Side } from "./side.ts";

export const operationNames = [
  "async",
  "plain",
  "declared",
  "background",
  "logged",
  "metered",
  "limited",
] as const;
export type OperationName = (typeof operationNames)[number];

/** As many threads as cores, so that all sides with threads have the same number of them. */
export const threads: number = availableParallelism();
export const onThreads: Partial<ServerSettings> = { threads, reserve: 0 };

const body = '{"hello":"world"}';

/** The measured operations of offloop, each in a server of its own. */
export const operations: Readonly<Record<OperationName, Side>> = {
  async: { name: "offloop, async", file: "offloop", path: "/", body },
  plain: { name: "offloop, plain", file: "offloop", settings: onThreads, path: "/plain", body },
  /** Three coerced query parameters, and a dependency that takes one of them. */
  declared: {
    name: "offloop, declared",
    file: "offloop-zod",
    path: "/declared?page=2&active=true&limit=50",
    body: '{"page":2,"limit":50,"active":true,"reader":"reader"}',
  },
  /** Adds an async background task that does nothing. */
  background: { name: "offloop, background", file: "offloop", path: "/noted", body },
  /** With a line in the log for each request. */
  logged: { name: "offloop, logged", file: "offloop", settings: { log: true }, path: "/", body },
  /** Counted for Prometheus. */
  metered: { name: "offloop, metered", file: "offloop", settings: { metrics: true }, path: "/", body },
  /** Within a deadline. */
  limited: { name: "offloop, limited", file: "offloop", path: "/limited", body },
};
