import type { Operation } from "../../app/operation.ts";
import type { LaneRequest } from "../../lanes/around.ts";
import type { Lanes } from "../../lanes/lanes.ts";
import { errorReply } from "../../operation/error-reply.ts";
import type { Failure } from "../../operation/open-dependencies.ts";
import type { RawReply } from "../../operation/raw.ts";

/** The parts of the lanes that a socket needs after a run. */
export type FollowUpServices = Pick<Lanes, "background" | "arounds">;

/** What has run: a connection, or the handling of a message. */
export interface SocketRun {
  readonly operation: Operation;
  readonly request: LaneRequest;
}

/** The client of a run. */
interface RunClient {
  readonly socket: { readonly isOpen: boolean };
  readonly request: Pick<LaneRequest, "isGone">;
}

/**
 * Whether a failure is no error of the app: code that sends, or passes `signal` on, learns through an AbortError that the
 * socket is closed, or about to be.
 */
export function isGivenUp({ socket, request }: RunClient, { error }: Pick<RawReply, "error">): boolean {
  return error?.type === "AbortError" && (!socket.isOpen || request.isGone);
}

/** Reports a failure to the log and to everything else that surrounds runs. */
export async function noteFailure(
  { arounds }: FollowUpServices,
  { operation, request }: SocketRun,
  failed: RawReply,
): Promise<void> {
  await arounds.failure(operation, request, failed).catch(() => {});
}

/**
 * Runs the background tasks of a reply, then closes what it left open.
 *
 * @param unsent - Why it could not be sent.
 */
export function followUp(
  services: FollowUpServices,
  run: SocketRun,
  { background = [], endTasks, finish }: RawReply,
  unsent?: Failure,
): void {
  services.background.start(run.request, run.operation.id, background, async (failure) => {
    endTasks?.();
    await finish?.(unsent ?? failure).catch((thrown: unknown) =>
      noteFailure(services, run, errorReply(thrown)),
    );
  });
}
