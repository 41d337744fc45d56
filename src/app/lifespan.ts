import { types } from "node:util";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { readArguments } from "./declared-arguments.ts";
import { settling } from "./load/settling.ts";
import { checkOptionNames } from "./option-names.ts";

/** Opens something before its `yield` and closes it after. */
export type LifespanFunction = () => AsyncGenerator<unknown, void, void> | Generator<unknown, void, void>;

/** Options of a lifespan. */
export interface LifespanOptions {
  /** Whether to run it in each thread, when the thread starts and when it leaves, instead of once on the main thread. */
  readonly perThread?: boolean | undefined;
}

/** A lifespan as declared. */
export interface Lifespan {
  readonly open: LifespanFunction;
  readonly perThread: boolean;
  readonly location: SourceLocation;
}

/** Closes what was opened, newest first. Returns the errors of those that failed to close. */
export type CloseLifespans = () => Promise<unknown[]>;

/** A lifespan that has come to its `yield`. */
interface OpenLifespan {
  readonly generator: ReturnType<LifespanFunction>;
  readonly location: SourceLocation;
}

/**
 * Runs each lifespan to its `yield`, in order. When one fails, those before it are closed.
 *
 * @throws {OffloopError} `OFFLOOP_LIFESPAN_FAILED`.
 */
export async function openLifespans(lifespans: readonly Lifespan[]): Promise<CloseLifespans> {
  const opened: OpenLifespan[] = [];
  const close = async (): Promise<unknown[]> => {
    const failures: unknown[] = [];
    for (const lifespan of opened.splice(0).reverse()) {
      try {
        await closeOne(lifespan);
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  };
  for (const lifespan of lifespans) {
    try {
      opened.push(await openOne(lifespan));
    } catch (error) {
      await close();
      throw error;
    }
  }
  return close;
}

async function openOne({ open, location }: Lifespan): Promise<OpenLifespan> {
  let done: boolean | undefined;
  try {
    const generator = open();
    ({ done } = await settling(generator.next(), () => neverYields(location)));
    if (done !== true) return { generator, location };
  } catch (cause) {
    if (cause instanceof OffloopError) throw cause;
    throw new OffloopError("OFFLOOP_LIFESPAN_FAILED", `Cannot start: a lifespan threw ${String(cause)}`, {
      at: location,
      fix: "correct the error that the stack below shows",
      cause,
    });
  }
  throw new OffloopError("OFFLOOP_LIFESPAN_FAILED", "Cannot start: a lifespan ended without a yield", {
    at: location,
    fix: "write it as a generator: open, yield, close",
  });
}

function neverYields(at: SourceLocation): OffloopError {
  const what = "Cannot start: a lifespan waits for something that never comes";
  return new OffloopError("OFFLOOP_LIFESPAN_FAILED", what, {
    at,
    fix: "look at what it awaits before its yield: nothing that the process has open can settle it",
  });
}

/** Code after a second yield would never run. */
async function closeOne({ generator, location }: OpenLifespan): Promise<void> {
  const { done } = await generator.next();
  if (done === true) return;
  await generator.return();
  throw new OffloopError("OFFLOOP_LIFESPAN_FAILED", "Cannot close a lifespan: it yielded a second time", {
    at: location,
    fix: "yield once, and close after that what the lifespan has opened",
  });
}

/** @throws {OffloopError} `OFFLOOP_HANDLER_INVALID` for a function that cannot be opened and closed. */
export function createLifespan(args: readonly unknown[]): Lifespan {
  const location = callerLocation();
  const { options, fn: open } = readArguments("add a lifespan", args, location);
  checkOptionNames("add a lifespan", options, { perThread: true }, location);
  if (!types.isGeneratorFunction(open)) {
    throw new OffloopError(
      "OFFLOOP_HANDLER_INVALID",
      `Cannot add a lifespan: expected a generator function, got ${shownValue(open)}`,
      { at: location, fix: "write it as async function* () { open; yield; close }" },
    );
  }
  const { perThread = false } = options as LifespanOptions;
  return { open, perThread, location };
}
