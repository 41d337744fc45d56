import type { App } from "../app/app.ts";
import { checkApp } from "./check-app.ts";
import type { GuardFinding } from "./guard.ts";

/** Where findings go; a logger of pino's is one. */
export interface GuardLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Guards an app and logs what is likely wrong.
 *
 * @throws {OffloopError} `OFFLOOP_GUARD_STATE` for what is refused.
 */
export function guardApp(app: App, log: GuardLog): void {
  checkApp(app, (text, finding) => {
    log[finding.severity === "told" ? "info" : "warn"]({ guard: fieldsOf(finding) }, text);
  });
}

function fieldsOf({ code, subject, at }: GuardFinding): object {
  return { code, subject, at };
}
