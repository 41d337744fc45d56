import type { App } from "../app/app.ts";
import { formatLocation, OffloopError } from "../errors/offloop-error.ts";
import type { GuardFinding } from "./finding.ts";
import { guard } from "./guard.ts";

/** Receives findings; a pino logger is one. */
export interface GuardLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/**
 * Guards an app, and logs probable mistakes.
 *
 * @param hasSession - Whether it is served with sessions. Default: what its own settings say.
 * @throws {OffloopError} `OFFLOOP_GUARD_STATE` and `OFFLOOP_DEPENDENCY_LANE` for findings that are refused.
 */
export function guardApp(app: App, log: GuardLog, hasSession?: boolean): void {
  const tell = (text: string, finding: GuardFinding): void =>
    log[finding.severity === "told" ? "info" : "warn"]({ guard: fieldsOf(finding) }, text);
  checkApp(app, tell, hasSession);
}

function fieldsOf({ code, subject, at }: GuardFinding): object {
  return { code, subject, at };
}

/**
 * Guards an app: reports probable mistakes, and refuses certain ones.
 *
 * @param tell - Receives each finding that is not refused, as a text of several lines.
 * @throws {OffloopError} With the code of the first finding that is refused; the others become its note.
 */
export function checkApp(
  app: App,
  tell: (text: string, finding: GuardFinding) => void,
  hasSession?: boolean,
): void {
  const findings = guard(app, hasSession);
  for (const finding of findings) if (finding.severity !== "refused") tell(findingText(finding), finding);
  const [first, ...others] = findings.filter(({ severity }) => severity === "refused");
  if (first === undefined) return;
  const places = others.map(({ at }) => formatLocation(at));
  throw new OffloopError(first.code, first.problem, {
    at: first.at,
    note: places.length === 0 ? undefined : `also at ${places.join(", ")}`,
    fix: first.fix,
  });
}

/** A finding in the form of an offloop error: code, problem, location, fix. */
function findingText({ code, problem, at, fix }: GuardFinding): string {
  return `${code}: ${problem}\n  at ${formatLocation(at)}\n  fix ${fix}`;
}
