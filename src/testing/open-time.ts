import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { clearTimeout, setTimeout } from "../errors/timers.ts";

/** How long nothing must be sent until a client seems forgotten. */
const FORGOTTEN_MS = 30_000;

const FIX =
  "close it when its test ends: await using client = await testClient(app), or await client.close() in after()";

/**
 * The time in which a client may be used. A test that ends without closing its client keeps the process from ending, and
 * test runners wait without a word: so the client says it, once.
 */
export class OpenTime {
  readonly #at: SourceLocation;
  readonly #timer: NodeJS.Timeout;
  #underWay = 0;
  #isOver = false;
  #hasSaid = false;

  /**
   * @param at - Where the client was opened.
   * @param onForgotten - Called once when the client seems forgotten.
   * @param forgottenMs - How long nothing must be sent for that.
   */
  constructor(
    at: SourceLocation,
    onForgotten: (error: OffloopError) => void,
    forgottenMs: number = FORGOTTEN_MS,
  ) {
    this.#at = at;
    this.#timer = setTimeout(() => {
      if (this.#underWay > 0) return;
      this.#hasSaid = true;
      onForgotten(this.#forgotten(forgottenMs));
    }, forgottenMs).unref();
  }

  /**
   * Sends something.
   *
   * @throws {OffloopError} `OFFLOOP_TEST_CLIENT` once the client is closed.
   */
  async use<Result>(what: string, send: () => Promise<Result>): Promise<Result> {
    if (this.#isOver) throw this.#closed(what);
    this.#underWay++;
    try {
      return await send();
    } finally {
      this.#underWay--;
      if (!this.#isOver && !this.#hasSaid) this.#timer.refresh();
    }
  }

  /** The client closes. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #forgotten(ms: number): OffloopError {
    return new OffloopError(
      "OFFLOOP_TEST_CLIENT",
      `Cannot end the process while a test client is open: nothing has been sent with it for ${ms} ms`,
      { at: this.#at, fix: FIX },
    );
  }

  #closed(what: string): OffloopError {
    return new OffloopError("OFFLOOP_TEST_CLIENT", `Cannot send ${what}: the test client is closed`, {
      at: this.#at,
      fix: "await what the test sends before it closes the client, or open another one",
    });
  }
}
