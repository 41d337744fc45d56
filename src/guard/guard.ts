import type { App } from "../app/app.ts";
import type { DependencyDeclaration } from "../app/dependency.ts";
import type { Lane } from "../app/lane.ts";
import type { Operation } from "../app/operation.ts";
import {
  servedArounds,
  servedDependents,
  servedOperations,
  servedSockets,
  servedTaskDeclarations,
} from "../app/parts.ts";
import type { SocketOperation } from "../app/sockets/socket-operation.ts";
import { installedPackage } from "../errors/installed-package.ts";
import type { ErrorCode, SourceLocation } from "../errors/offloop-error.ts";
import { isAllowed, readAllowances } from "./allowance.ts";
import { saidLane } from "./declaration.ts";
import type { GuardFinding, RuleName } from "./finding.ts";
import { type DeclaredFunction, FunctionCodes, startOf } from "./function-code.ts";
import { findHandles } from "./handles.ts";
import { checkFunction, type FoundOffence, sentence } from "./rules.ts";
import { findSessions } from "./sessions.ts";

const codeOfRule: Readonly<Record<RuleName, ErrorCode>> = {
  state: "OFFLOOP_GUARD_STATE",
  blocking: "OFFLOOP_GUARD_BLOCKING",
  promise: "OFFLOOP_GUARD_PROMISE",
};

interface Declared extends DeclaredFunction {
  readonly subject: string;
  readonly lane: Lane;
  /** For a dependency on the thread of what needs it. */
  readonly neededBy?: string | undefined;
}

/**
 * Reads the code of every operation and task of an app, and of the functions they call in the same file. It finds plain
 * functions that change variables outside themselves, async ones that block, and plain ones that return a promise;
 * functions on the loop that receive what cannot leave its thread; and those that read a session where there is none.
 */
export function guard(app: App, hasSession: boolean = app.settings.session !== undefined): GuardFinding[] {
  const declared = listDeclared(app);
  const codes = new FunctionCodes(declared.map(({ fn }) => fn));
  const found = declared.flatMap((one) => {
    try {
      return checkDeclared(one, codes);
    } catch (error) {
      return unguarded(one, error);
    }
  });
  return [...found, ...findHandles(app, codes), ...(hasSession ? [] : findSessions(app, codes))];
}

/** If the guard cannot read a function, it does not object to it: the app is served all the same. */
function unguarded({ subject, location }: Declared, error: unknown): GuardFinding {
  return {
    code: "OFFLOOP_GUARD_FAILED",
    severity: "warned",
    subject,
    problem: `Cannot guard ${subject}: reading its code failed with ${String(error)}`,
    at: location,
    fix: "serve it as it is, and report this with the code of its module",
  };
}

function listDeclared(app: App): Declared[] {
  const operations = servedOperations(app).map(
    ({ id, lane, handler, location }): Declared => ({ subject: id, lane, fn: handler, location }),
  );
  const tasks = servedTaskDeclarations(app).map(
    ({ name, lane, fn, location }): Declared => ({ subject: `task "${name}"`, lane, fn, location }),
  );
  const arounds = servedArounds(app).map(
    ({ fn, location }): Declared => ({ subject: "an around", lane: "loop", fn, location }),
  );
  return [
    ...operations,
    ...servedSockets(app).flatMap(listFunctions),
    ...tasks,
    ...arounds,
    ...listDependencies(app),
  ];
}

/** Functions that receive the socket run on the loop; the one that receives a message runs where its declaration says. */
function listFunctions({ connection, message, functions, onInvalid }: SocketOperation): Declared[] {
  const { id, location } = connection;
  const { whole, open, close } = functions;
  const onLoop = Object.entries({ [id]: whole, [`open of ${id}`]: open, [`close of ${id}`]: close });
  const own = [...onLoop, [`onInvalid of ${id}`, onInvalid] as const].flatMap(([subject, fn]): Declared[] =>
    fn === undefined ? [] : [{ subject, lane: "loop", fn, location }],
  );
  return message === undefined
    ? own
    : [...own, { subject: message.id, lane: message.lane, fn: message.handler, location }];
}

/** A plain dependency runs on a thread, whatever needs it; an async one runs wherever the operation that needs it runs. */
function listDependencies(app: App): Declared[] {
  const found: Declared[] = [];
  const seen = { loop: new Set<DependencyDeclaration>(), thread: new Set<DependencyDeclaration>() };
  const visit = (deps: Operation["deps"], outer: Lane, by: string): void => {
    for (const [, dependency] of deps) {
      const { name, fn, location } = dependency;
      const lane = outer === "thread" ? "thread" : dependency.lane;
      if (seen[lane].has(dependency)) continue;
      seen[lane].add(dependency);
      const neededBy = outer === "thread" ? by : undefined;
      const subject = `dependency "${name}"`;
      if (!isOwnState(dependency, lane)) found.push({ subject, lane, fn, location, neededBy });
      visit(dependency.deps, lane, outer === "thread" ? by : subject);
    }
  };
  for (const { id, deps, lane } of servedDependents(app)) visit(deps, lane, id);
  return found;
}

/** State of the whole app is created before the first request, and state of each thread is meant to be that thread's own. */
function isOwnState({ scope }: DependencyDeclaration, lane: Lane): boolean {
  return scope === "app" || (scope === "thread" && lane === "thread");
}

function checkDeclared(declared: Declared, codes: FunctionCodes): GuardFinding[] {
  const own = codes.of(declared);
  if (own === undefined) return [];
  const { module, node, place } = own;
  const isOverride = saidLane(node) !== undefined || (declared.lane === "loop") !== node.async;
  const { lane, neededBy } = declared;
  const found = checkFunction({ node, lane, isOverride, neededBy }, module.scopes);
  return found
    .filter((offence) => !isAllowed(module.allowances, offence.rule, startOf(offence.node).line))
    .filter((offence) => !isAllowedInSource(offence.rule, place(startOf(offence.node))))
    .map((offence) => {
      const at = place(startOf(offence.node));
      return {
        code: codeOfRule[offence.rule],
        severity: offence.severity,
        subject: declared.subject,
        problem: sentence(declared.subject, declared.lane, offence),
        at,
        fix: fixIn(at, offence),
      };
    });
}

/** Nobody can put a comment into an installed package. */
function fixIn({ file }: SourceLocation, { rule, fix }: FoundOffence): string {
  const name = installedPackage(file);
  return name === undefined
    ? fix
    : `tell the authors of ${name}, whose code it is: ${fix}. Until then patch the package (pnpm patch, patch-package): write "// offloop-allow ${rule}: why" above the line`;
}

/** The compiler may have dropped the comments. */
function isAllowedInSource(rule: FoundOffence["rule"], { file, line }: SourceLocation): boolean {
  return isAllowed(readAllowances(file), rule, line);
}
