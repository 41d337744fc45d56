import { types } from "node:util";
import type { ResolvedSettings } from "../app/settings/settings.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import type { DependencyPlan } from "../operation/dependency-plan.ts";
import { checkSendable } from "../operation/sendable.ts";
import { sessionUnset } from "../operation/session.ts";
import { ConnectionWork, OperationWork, type Work } from "../threads/crossing/work.ts";

/**
 * Refuses operations and sockets whose parts do not go together, once overrides are in place: what could never be sent,
 * bodies that would be read twice, dependencies that would be open too long or not long enough, and sessions that nothing
 * signs.
 */
export function checkWorks(works: readonly Work[], settings: ResolvedSettings): void {
  for (const work of works) {
    if (!(work instanceof OperationWork || work instanceof ConnectionWork)) continue;
    checkSendable(work.declaration, work.plan);
    if (work instanceof OperationWork) {
      checkUnread(work);
      checkStreamed(work);
    } else checkKept(work);
    if (work.readsSession && settings.session === undefined)
      throw sessionUnset(work.id, work.declaration.location);
  }
}

/** Refuses dependencies that read a body which is left to the handler: it is not there before the handler runs. */
function checkUnread({ id, declaration, parsesBody }: OperationWork): void {
  if (!declaration.streamsBody || !parsesBody) return;
  throw new OffloopError(
    "OFFLOOP_BODY_STREAM",
    `Cannot add ${id}: it streams its body, but one of its dependencies reads all of it`,
    {
      at: declaration.location,
      fix: 'leave out `body: "stream"`, or the dependency that declares a body or a form',
    },
  );
}

/**
 * Refuses what would be closed before the first line of a generator handler runs, since it closes before the response
 * begins: a transaction would be none.
 */
function checkStreamed({ id, declaration, plan }: OperationWork): void {
  if (!types.isGeneratorFunction(declaration.handler)) return;
  const short = openForCall(plan);
  if (short === undefined) return;
  throw new OffloopError(
    "OFFLOOP_DEPENDENCY_SCOPE",
    `Cannot add ${id}: "${short.path}" has the scope "function", and would be closed before the handler's first line: a generator runs while its response is sent`,
    {
      at: declaration.location,
      fix: 'give it the scope "request", which is open until the stream ends; or open it in the handler itself',
    },
  );
}

/**
 * Refuses what would be open as long as a socket, though it is declared to be open for a call: a transaction would take in
 * all messages, and an idle socket would hold its locks.
 */
function checkKept({ id, declaration, plan, message }: ConnectionWork): void {
  if (message === undefined) return; // a whole socket is one call
  const short = openForCall(plan);
  if (short === undefined) return;
  throw new OffloopError(
    "OFFLOOP_DEPENDENCY_SCOPE",
    `Cannot add ${id}: "${short.path}" has the scope "function", but what a websocket needs is open as long as the socket`,
    {
      at: declaration.location,
      fix: 'for one per message, give it to a task, and await the task in an async message handler; or give it the scope "request", if it may be open as long as the socket',
    },
  );
}

/** The first dependency that opens something for the time of one call. */
function openForCall({ nodes }: DependencyPlan): DependencyPlan["nodes"][number] | undefined {
  return nodes.find(
    ({ declaration: { scope, isGenerator }, fixed }) =>
      scope === "function" && isGenerator && fixed === undefined,
  );
}
