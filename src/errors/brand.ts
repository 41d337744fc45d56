import { fileURLToPath } from "node:url";
import { OffloopError, type OffloopErrorParts, type SourceLocation } from "./offloop-error.ts";
import { ownFolder } from "./own-code.ts";

/** The same in every copy of offloop that a process loads. */
const BRAND = Symbol.for("offloop.copy");

/** Marks what this copy of offloop makes, so that another copy can recognise it. Pass a prototype, or a single object. */
export function brand(made: object): void {
  Object.defineProperty(made, BRAND, { value: ownFolder });
}

/**
 * Call this for a value that this copy has not made.
 *
 * @param doing - What cannot be done with it: `mount an app`.
 * @throws {OffloopError} `OFFLOOP_TWO_COPIES` when another copy has made it, which is otherwise indistinguishable.
 */
export function checkCopy(value: unknown, doing: string, at?: SourceLocation): void {
  const other = copyOf(value);
  if (other === undefined || other === ownFolder) return;
  throw twoCopies(
    `Cannot ${doing}: it comes from the copy of offloop in ${pathOf(other)}, and this copy is in ${pathOf(ownFolder)}`,
    { at, cause: value instanceof Error ? value : undefined }, // where an error comes from, its stack says
  );
}

/** How many servers each copy has open, seen by all copies of a process. */
const SERVINGS = Symbol.for("offloop.servings");

function servings(): Map<string, number> {
  const shared = globalThis as { [SERVINGS]?: Map<string, number> };
  shared[SERVINGS] ??= new Map();
  return shared[SERVINGS];
}

/** Notes that this copy has one more server open, or one fewer. */
export function countServing(change: 1 | -1): void {
  const all = servings();
  all.set(ownFolder, (all.get(ownFolder) ?? 0) + change);
}

/**
 * Call this for something that works only while its app is served.
 *
 * @param doing - What cannot be done: `run task "resize"`.
 * @throws {OffloopError} `OFFLOOP_TWO_COPIES` when no server of this copy is open, but one of another is.
 */
export function checkServingCopy(doing: string, at: SourceLocation): void {
  const serving = [...servings()].filter(([, count]) => count > 0).map(([folder]) => folder);
  const [other] = serving;
  if (other === undefined || serving.includes(ownFolder)) return;
  throw twoCopies(
    `Cannot ${doing}: it belongs to the copy of offloop in ${pathOf(ownFolder)}, and the copy in ${pathOf(other)} serves the app`,
    { at },
  );
}

function twoCopies(what: string, known: Pick<OffloopErrorParts, "at" | "cause">): OffloopError {
  return new OffloopError("OFFLOOP_TWO_COPIES", what, {
    ...known,
    fix: "load one copy: npm ls offloop, or pnpm why -r offloop, shows which package brings which copy; keep offloop out of bundles, as --packages=external does",
  });
}

function copyOf(value: unknown): string | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
  try {
    const folder = (value as { [BRAND]?: unknown })[BRAND];
    return typeof folder === "string" ? folder : undefined;
  } catch {
    return undefined; // a revoked proxy
  }
}

function pathOf(folder: string): string {
  return folder.startsWith("file:") ? fileURLToPath(folder) : folder;
}
