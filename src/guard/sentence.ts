import type { FoundOffence, PlacedFunction } from "./rules.ts";

/** What is wrong, in one sentence: `Cannot run GET / on a thread: it assigns to "hits", ...`. */
export function sentence(
  subject: string,
  lane: PlacedFunction["lane"],
  { rule, severity, does, via }: FoundOffence,
): string {
  const it = via.length === 0 ? "it" : `it calls ${via.join(", which calls ")}, which`;
  if (rule === "promise") return `${subject} ${does}: it runs on a thread`;
  if (rule === "blocking") return `${subject} blocks the event loop: ${it} ${does}`;
  const why = "each thread has one of its own";
  const verb = severity === "refused" ? "Cannot run" : "Runs";
  return `${verb} ${subject} on a ${lane}: ${it} ${does}, and ${why}`;
}
