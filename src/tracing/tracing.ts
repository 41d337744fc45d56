import type { Attributes, Context, Span, SpanContext, SpanOptions, Tracer } from "@opentelemetry/api";
import type { Lane } from "../app/lane.ts";
import { type DescribedError, describeError } from "../errors/described-error.ts";
import { HTTPError } from "../errors/http-error.ts";
import { markFailed, RequestSpans, recordFailure } from "./request-spans.ts";

type Api = typeof import("@opentelemetry/api");

/** A piece of work that runs elsewhere, as a span. */
export interface OpenSpan {
  /** Makes spans over there its children. */
  readonly context: PackedContext;
  /** @param failure - What went wrong, if anything did. */
  end(attributes: Attributes, failure: DescribedError | undefined): void;
}

/** An attempt of a job. */
export interface TracedJob {
  readonly task: { readonly name: string; readonly lane: Lane };
  readonly job: { readonly id: string; readonly attempt: number };
  /** The span that enqueued it; undefined if nothing was traced there. */
  readonly trace: PackedSpan | undefined;
}

/** The outcome of a message. */
interface FailedReply {
  readonly error: DescribedError | undefined;
}

/** Makes spans for offloop's work. Exists only while something collects them. */
export class Tracing {
  /** The scope that spans name as their origin. */
  static readonly scope = "offloop";
  readonly requests: RequestSpans;
  readonly #api: Api;
  readonly #tracer: Tracer;

  constructor(api: Api) {
    this.#api = api;
    this.#tracer = api.trace.getTracer(Tracing.scope);
    this.requests = new RequestSpans(api, this.#tracer);
  }

  /** Creates a dependency as a child of the active span. */
  readonly dependency = (path: string, lane: Lane, make: () => Promise<unknown>): Promise<unknown> =>
    this.#run(`dependency ${path}`, { attributes: { "offloop.lane": lane } }, make);

  /** Runs a task as a child of the active span: that of the request that added or called it. */
  task(name: string, lane: Lane, isBackground: boolean, run: () => Promise<unknown>): Promise<unknown> {
    const attributes = { "offloop.lane": lane, "offloop.background": isBackground };
    return this.#run(`task ${name}`, { attributes }, run);
  }

  /** Handles a websocket's message as a child of the request that opened it. */
  message<Reply extends FailedReply>(
    operation: string,
    lane: Lane,
    run: () => Promise<Reply>,
  ): Promise<Reply> {
    const { trace } = this.#api;
    return this.#run(operation, { attributes: { "offloop.lane": lane } }, async () => {
      const reply = await run();
      const span = trace.getActiveSpan();
      if (reply.error !== undefined && span !== undefined) recordFailure(span, reply.error);
      return reply;
    });
  }

  /** Runs an attempt of a job as a trace of its own, linked to the span that enqueued the job. */
  async job({ task, job, trace }: TracedJob, run: () => Promise<unknown>): Promise<unknown> {
    const attributes = {
      "offloop.lane": task.lane,
      "offloop.job": job.id,
      "offloop.attempt": job.attempt,
    };
    const enqueued = trace && unpackSpan(this.#api, trace);
    const links = enqueued === undefined ? [] : [{ context: enqueued }];
    return this.#run(`job ${task.name}`, { attributes, links, root: true }, run);
  }

  /** Starts a span for something that runs elsewhere. */
  begin(name: string): OpenSpan {
    const { context, trace } = this.#api;
    const active = context.active();
    const span = this.#tracer.startSpan(name, {}, active);
    return {
      context: packContext(this.#api, trace.setSpan(active, span)),
      end: (attributes, failure) => {
        span.setAttributes(attributes);
        if (failure !== undefined) markFailed(span, failure);
        span.end();
      },
    };
  }

  /** The active context, for a thread. */
  pack(): PackedContext {
    return packContext(this.#api, this.#api.context.active());
  }

  /**
   * The active span, for a job that is enqueued; undefined when there is none. Baggage stays out of the database: it may
   * name people, and no attempt reads it.
   */
  packActive(): PackedSpan | undefined {
    const { traceparent, tracestate } = this.pack();
    return traceparent === undefined ? undefined : { traceparent, tracestate };
  }

  /** Log fields that name the active span. */
  logFields(): object {
    return this.#fieldsOf(this.#api.trace.getActiveSpan());
  }

  /** Log fields that name the span of a request. */
  logFieldsOf(request: object): object {
    return this.#fieldsOf(this.requests.of(request));
  }

  #fieldsOf(span: Span | undefined): object {
    const about = span?.spanContext();
    if (about === undefined || !this.#api.isSpanContextValid(about)) return {};
    return { trace_id: about.traceId, span_id: about.spanId };
  }

  /** In a thread: runs what belongs to a span of the main thread. */
  resume<Result>(packed: PackedContext, run: () => Result): Result {
    return this.#api.context.with(unpackContext(this.#api, packed), run);
  }

  async #run<Result>(name: string, options: SpanOptions, run: () => Promise<Result>): Promise<Result> {
    const active: Context = this.#api.context.active();
    const span: Span = this.#tracer.startSpan(name, options, active);
    try {
      return await this.#api.context.with(this.#api.trace.setSpan(active, span), run);
    } catch (thrown) {
      // A client's mistake is an answer, not a failure.
      if (!(thrown instanceof HTTPError && thrown.status < 500)) recordFailure(span, describeError(thrown));
      throw thrown;
    } finally {
      span.end();
    }
  }
}

/** A span as W3C's traceparent and tracestate. */
export interface PackedSpan {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
}

/**
 * A context as it crosses to a thread: its span, and W3C's baggage. It does not use the registered propagator, which
 * decides which outsiders to trust: a thread is not one.
 */
export interface PackedContext extends PackedSpan {
  readonly baggage: readonly (readonly [name: string, value: string])[] | undefined;
}

function packContext({ trace, propagation }: Api, context: Context): PackedContext {
  const span = trace.getSpanContext(context);
  const entries = propagation.getBaggage(context)?.getAllEntries();
  return {
    traceparent: span && `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`,
    tracestate: span?.traceState?.serialize(),
    baggage: entries?.map(([name, { value }]) => [name, value]),
  };
}

function unpackSpan(
  { createTraceState }: Api,
  { traceparent, tracestate }: PackedSpan,
): SpanContext | undefined {
  if (traceparent === undefined) return undefined;
  const [, traceId = "", spanId = "", flags = ""] = traceparent.split("-");
  const traceState = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) };
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true, ...traceState };
}

function unpackContext(api: Api, packed: PackedContext): Context {
  const { trace, propagation, ROOT_CONTEXT } = api;
  const span = unpackSpan(api, packed);
  const context = span === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, span);
  if (packed.baggage === undefined) return context;
  const entries = Object.fromEntries(packed.baggage.map(([name, value]) => [name, { value }]));
  return propagation.setBaggage(context, propagation.createBaggage(entries));
}
