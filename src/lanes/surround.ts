import type { DeclaredAround } from "../app/around.ts";
import type { NearestHandlers } from "../app/error-handlers.ts";
import { type Layered, nearestHandlers } from "../app/layer.ts";
import { causedBy, describeError, loggable } from "../errors/described-error.ts";
import { OffloopError } from "../errors/offloop-error.ts";
import { Exchange } from "../operation/context.ts";
import { encodeReply } from "../operation/encode.ts";
import { answerError } from "../operation/error-reply.ts";
import { withFirstChunk } from "../operation/first-chunk.ts";
import type { HeaderList } from "../operation/header-list.ts";
import { PlannedResponse } from "../operation/planned-response.ts";
import { discardBody, type RawReply } from "../operation/raw.ts";
import type { Runtime } from "../operation/runtime.ts";
import type { LaneRequest, RunOperation } from "./around.ts";

/** A run inside arounds. */
export interface SurroundedRun {
  /** Its name in messages: the operation's id. */
  readonly id: string;
  readonly run: RunOperation;
}

/** An around, with the handlers of the errors that it throws. */
interface PlacedAround extends DeclaredAround {
  readonly errorHandlers: NearestHandlers;
}

/**
 * Puts the arounds that an app declares around a run, as one onion: those of routers inside those of their app, and
 * those inside the arounds of the apps it is mounted in. Returns the run itself where there are none.
 */
export function surround(layered: Layered, inner: SurroundedRun, runtime: Runtime): RunOperation {
  const arounds = placed(layered);
  if (arounds.length === 0) return inner.run;
  const onion: Onion = { ...inner, arounds, runtime };
  return (request) => new Passage(request, onion).run();
}

/** Innermost first. */
function placed({ layers, outerLayers }: Layered): PlacedAround[] {
  const outer = outerLayers.flatMap(({ arounds, errorHandlers }) =>
    arounds.map((around) => ({ ...around, errorHandlers: [errorHandlers] })).toReversed(),
  );
  const own = layers.flatMap(({ arounds }, depth) => {
    const errorHandlers = nearestHandlers(layers.slice(0, depth + 1));
    return arounds.map((around) => ({ ...around, errorHandlers })).toReversed();
  });
  return [...outer, ...own].reverse();
}

interface Onion extends SurroundedRun {
  readonly arounds: readonly PlacedAround[];
  readonly runtime: Runtime;
}

/** One request on its way in and out. Never rejects, as the run it surrounds never does. */
class Passage {
  readonly #request: LaneRequest;
  readonly #onion: Onion;
  readonly #exchange: Exchange;

  constructor(request: LaneRequest, onion: Onion) {
    this.#request = request;
    this.#onion = onion;
    this.#exchange = new Exchange(onion.id, request, onion.runtime);
  }

  run(): Promise<RawReply> {
    const outermost = this.#onion.arounds.length - 1;
    return this.#enter(outermost, ({ raw }) => this.#exchange.withTasksAfter(raw));
  }

  /**
   * No async functions here: they cost twice as much, for each around of each request.
   *
   * @param index - Which around to enter; lower indexes lie inside it.
   * @param pass - What its reply becomes outside it.
   */
  #enter<Passed>(index: number, pass: (reply: PassingReply) => Passed): Promise<Passed> {
    const around = this.#onion.arounds[index] as PlacedAround;
    // What next() returned; undefined until it is called.
    let inner: Promise<PassingReply> | undefined;
    let isOver = false;
    const next = (): Promise<PassingReply> => {
      if (isOver) return this.#refuseLate(around);
      if (inner !== undefined) throw this.#mistake(around, "it called next() twice", "call next() once");
      inner = index === 0 ? this.#runInside() : this.#enter(index - 1, unchanged);
      return inner;
    };
    const answered: Promise<unknown> = around.fn(this.#exchange, next);
    return answered.then(
      (given) => {
        isOver = true;
        return isFrom(given, this, index - 1)
          ? pass(given.leave(index))
          : this.#replace(around, given, inner, index).then(pass);
      },
      (thrown) => {
        isOver = true;
        return this.#answer(around, thrown, inner, index).then(pass);
      },
    );
  }

  #runInside(): Promise<PassingReply> {
    return this.#onion.run(this.#request).then((raw) => new PassingReply(raw, this));
  }

  /** What `next` returned is awaited: an around that did not do so would leave it behind. */
  async #replace(
    around: PlacedAround,
    given: unknown,
    inner: Promise<PassingReply> | undefined,
    index: number,
  ): Promise<PassingReply> {
    try {
      const passed = await inner;
      const raw = await this.#encode(around, given);
      return new PassingReply(passed === undefined ? raw : inPlaceOf(passed.raw, raw), this).leave(index);
    } catch (thrown) {
      return this.#answer(around, thrown, inner, index);
    }
  }

  /** The answer of an around that does not pass on what `next` returned. */
  async #encode(around: PlacedAround, given: unknown): Promise<RawReply> {
    if (given === undefined) throw this.#mistake(around, "an around returned nothing", "return the reply");
    if (PassingReply.is(given))
      throw this.#mistake(
        around,
        "an around returned the reply of another next()",
        "return what its own next() gave",
      );
    const declaration = { id: this.#onion.id, status: 200, location: around.location };
    const rules = { response: undefined, jsonType: "application/json", declaration };
    const encoded = await encodeReply(rules, this.#exchange, given);
    return { ...(await withFirstChunk(encoded, this.#request)), background: undefined };
  }

  /** As for an operation that throws, the tasks that were added do not run. */
  async #answer(
    { errorHandlers }: PlacedAround,
    thrown: unknown,
    inner: Promise<PassingReply> | undefined,
    index: number,
  ): Promise<PassingReply> {
    const passed = await inner;
    this.#exchange.addedTasks?.splice(0);
    const failed = {
      request: this.#request,
      context: this.#exchange,
      runtime: this.#onion.runtime,
      operation: { errorHandlers },
    };
    const raw = { ...(await answerError(failed, thrown)), background: undefined };
    if (passed === undefined) return new PassingReply(raw, this).leave(index);
    return new PassingReply(inPlaceOf({ ...passed.raw, background: undefined }, raw), this).leave(index);
  }

  /**
   * Nobody would send the result, run its tasks, or close what it opens. Nobody may even wait
   * for it, so the log says so.
   */
  #refuseLate(around: PlacedAround): Promise<never> {
    const error = this.#mistake(
      around,
      "it called next() after it had answered",
      "call next() before it returns",
    );
    this.#request.log.error({ err: loggable(describeError(error)) }, error.message);
    const refused = Promise.reject(error);
    refused.catch(() => {});
    return refused;
  }

  #mistake({ location: at }: PlacedAround, what: string, fix: string): OffloopError {
    return new OffloopError("OFFLOOP_AROUND_RESULT", `Cannot answer ${this.#onion.id}: ${what}`, { at, fix });
  }
}

const unchanged = (reply: PassingReply): PassingReply => reply;

/** A reply that replaces another, whose tasks still run and whose dependencies still close. */
function inPlaceOf(passed: RawReply, raw: RawReply): RawReply {
  discardBody(passed);
  const { background, endTasks, finish } = passed;
  return { ...raw, background, endTasks, finish, error: bothOf(raw.error, passed.error) };
}

/** What goes to the log where an error is answered with another one. */
function bothOf(error: RawReply["error"], first: RawReply["error"]): RawReply["error"] {
  return error === undefined || first === undefined ? (error ?? first) : causedBy(error, first);
}

/** Whether a value is the reply that a layer of a passage returned. */
function isFrom(value: unknown, passage: Passage, layer: number): value is PassingReply {
  return PassingReply.is(value) && value.passage === passage && value.layer === layer;
}

/** A reply as arounds see it: its status, headers and cookies may be changed, while its body passes through. */
class PassingReply extends PlannedResponse {
  readonly passage: Passage;
  /** The around it has left last; -1 for none. */
  layer = -1;
  readonly #raw: RawReply;
  #hasHeaders = false;

  constructor(raw: RawReply, passage: Passage) {
    super();
    this.#raw = raw;
    this.passage = passage;
  }

  override get status(): number {
    return this.chosen ?? this.#raw.status;
  }

  override set status(status: number) {
    super.status = status;
  }

  /** Includes the `content-type`; `content-length` is set when the body is sent. */
  override get headers(): HeaderList {
    const own = super.headers;
    if (!this.#hasHeaders) {
      this.#hasHeaders = true;
      const { headers, mediaType } = this.#raw;
      for (const [name, value] of headers ?? []) own.append(name, value);
      if (mediaType !== undefined) own.set("content-type", mediaType);
    }
    return own;
  }

  /** Whether a value is one. Unlike `instanceof` this asks nothing of a proxy, which may throw. */
  static is(value: unknown): value is PassingReply {
    return typeof value === "object" && value !== null && #raw in value;
  }

  /** Notes which around it leaves. */
  leave(layer: number): this {
    this.layer = layer;
    return this;
  }

  /** The reply with these changes. */
  get raw(): RawReply {
    const { status } = this;
    if (!this.#hasHeaders) return this.chosen === undefined ? this.#raw : { ...this.#raw, status };
    const mediaType = super.headers.get("content-type") ?? undefined;
    return { ...this.#raw, status, mediaType, headers: super.headers.pairs("content-type") };
  }
}
