import type { AnySchema, InputOf } from "../schema/schema.ts";
import type { Context, Declared, NoNames, Shape } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import { documentationNames, type OperationDocumentation } from "./documentation.ts";
import { inputNames } from "./inputs.ts";
import type { Lane } from "./lane.ts";
import type { Method } from "./method.ts";
import type { CheckedOptions } from "./option-names.ts";
import type { PathNames, PathWithin } from "./path.ts";
import type { ReadonlyData } from "./plain-data.ts";
import type { Reply } from "./reply.ts";
import type { OperationHandle } from "./urls.ts";

/** Options of an operation. */
export interface OperationOptions extends Shape, OperationDocumentation {
  /** Its dependencies, by the names under which it receives them, after those of its routers. */
  readonly deps?: Dependencies;
  /**
   * Schema of its result. A result that does not fit is logged and answered with 500; fields that the
   * schema drops are not sent.
   */
  readonly response?: AnySchema;
  /** The status of a success, 200-599. Default 200. */
  readonly status?: number | undefined;
  /** Where it runs. Default, by the rule: an async function on `"loop"`, a plain one on `"thread"`. */
  readonly runs?: Lane | undefined;
  /**
   * How long a call may run; after that the answer is 504. On a thread the call is ended and the thread replaced; on
   * the loop `signal` aborts, and the function may continue. Milliseconds, 1-86,400,000. Default: the app's
   * `timeouts.operationMs`.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Largest accepted body, in bytes; larger ones are answered with 413. Integer, 1-2^53-1. Default: the app's
   * `maxBodyBytes`.
   */
  readonly maxBodyBytes?: number | undefined;
  /**
   * Whether the values of its JSON body are taken as they are, as in pydantic's strict mode: `true`, `"7"` and `7.0` are
   * no integers, and `1` is no boolean. Also for the bodies that its dependencies declare. Default: the app's
   * `inputs.strictTypes`.
   */
  readonly strictTypes?: boolean | undefined;
  /** Tags, after those of its routers. */
  readonly tags?: readonly string[] | undefined;
}

/** The names of all these options. */
export const operationOptionNames: Readonly<Record<keyof OperationOptions, true>> = {
  ...documentationNames,
  ...inputNames,
  deps: true,
  response: true,
  status: true,
  runs: true,
  timeoutMs: true,
  maxBodyBytes: true,
  strictTypes: true,
  tags: true,
};

/** A handler's result. */
type HandlerResult<R> = R extends AnySchema ? FitsResponse<InputOf<R>> : unknown;

/**
 * A value for the response schema, a generator of such values, or a finished response. It has its name and its
 * parameter for the compiler's messages, which quote them.
 */
type FitsResponse<Value> = Answer<Value> | Promise<Answer<Value>> | Items<Answer<Value>>;

type Answer<Value> = Value | Reply | Response;
// biome-ignore lint/suspicious/noExplicitAny: what a generator returns or is sent does not matter here
type Items<Item> = AsyncGenerator<Item, any, any> | Generator<Item, any, any>;

/**
 * A function that answers requests.
 *
 * @typeParam Path - The path of its operation.
 * @typeParam S - The options of its operation.
 * @typeParam Outer - The dependencies of the routers around it.
 */
export type Handler<
  Path extends string = string,
  S extends OperationOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = (context: Context<Path, S, Outer>) => ResultOf<S>;

/** The same with its result first, since the compiler's messages quote the beginning of a type. */
type HandlerReturning<Result, ItsContext> = (context: ItsContext) => Result;
type ResultOf<S> = HandlerResult<Declared<S, "response", undefined>>;

/**
 * With a declared result, any object passes the constraint, and {@link CheckedHandler} refuses the wrong ones: of a
 * union like {@link FitsResponse} the compiler quotes only the name, of the declared value it names the property.
 */
type AnyObject<S> = S extends { readonly response: AnySchema } ? object : never;

/** The handler, if its result fits, read-only or not; else the handler that it should be. */
type CheckedHandler<S, Fn> = S extends { readonly response: infer R extends AnySchema }
  ? Fn extends HandlerReturning<FitsResponse<InputOf<R>>, never>
    ? Fn
    : Fn extends HandlerReturning<FitsResponse<ReadonlyData<InputOf<R>>>, never>
      ? Fn
      : Fn extends (context: infer ItsContext) => infer Result
        ? HandlerReturning<ExpectedResult<InputOf<R>, Result>, ItsContext>
        : never
  : Fn;

/** What a function should return in place of its result. Its finished responses are right, whatever else is wrong. */
type ExpectedResult<Value, Result> = object extends Result
  ? FitsResponse<Value>
  : [Result] extends [Items<unknown>]
    ? FitsResponse<Value>
    : [Result] extends [Promise<infer Resolved>]
      ? Promise<Value | Extract<Resolved, Reply | Response>>
      : Value | Extract<Result, Reply | Response>;

/**
 * Adds an operation for one method. What it returns stands for the operation in `urlFor`.
 *
 * Throws `OFFLOOP_PATH_INVALID`, `OFFLOOP_HANDLER_INVALID`, `OFFLOOP_LANE_UNKNOWN`, `OFFLOOP_SCHEMA_INVALID`,
 * `OFFLOOP_DEPENDENCY_INVALID`, `OFFLOOP_FORM_AND_BODY`, `OFFLOOP_BODY_NOT_ALLOWED`, `OFFLOOP_OPTION_INVALID`,
 * `OFFLOOP_OPTION_UNKNOWN`; and `OFFLOOP_APP_SERVED`, as all that adds something to a served app.
 */
export interface AddOperation<Outer extends Dependencies = NoNames, Prefix extends string = string> {
  /** An operation that declares only its path. */
  <Path extends string>(
    path: Path,
    handler: Handler<PathWithin<Prefix, Path>, NoNames, Outer>,
  ): OperationHandle<Path, NoNames>;
  /** An operation that declares its inputs. */
  <
    Path extends string,
    S extends OperationOptions,
    // A constraint, since only then is `response` known while the handler's result is inferred: "bearer" stays a literal.
    Fn extends HandlerReturning<
      ResultOf<S> | AnyObject<S>,
      Context<PathWithin<Prefix, Path>, S, Outer>
    > = Handler<PathWithin<Prefix, Path>, S, Outer>,
  >(
    path: Path,
    options: S & CheckedOptions<S, keyof OperationOptions> & PathParams<PathWithin<Prefix, Path>, S>,
    handler: CheckedHandler<S, Fn>,
  ): OperationHandle<Path, Declared<S, "params", NoNames>>;
}

/** Adds an operation for each of several methods. What it returns stands for all of them in `urlFor`. */
export interface AddRoute<Outer extends Dependencies = NoNames, Prefix extends string = string> {
  /** Operations that declare only their path. */
  <Path extends string>(
    methods: readonly Method[],
    path: Path,
    handler: Handler<PathWithin<Prefix, Path>, NoNames, Outer>,
  ): OperationHandle<Path, NoNames>;
  /** Operations that declare their inputs. */
  <
    Path extends string,
    S extends OperationOptions,
    Fn extends HandlerReturning<
      ResultOf<S> | AnyObject<S>,
      Context<PathWithin<Prefix, Path>, S, Outer>
    > = Handler<PathWithin<Prefix, Path>, S, Outer>,
  >(
    methods: readonly Method[],
    path: Path,
    options: S & CheckedOptions<S, keyof OperationOptions> & PathParams<PathWithin<Prefix, Path>, S>,
    handler: CheckedHandler<S, Fn>,
  ): OperationHandle<Path, Declared<S, "params", NoNames>>;
}

/** Refuses `params` with names that the path does not have. */
interface PathParams<Path extends string, S> {
  readonly params?: OtherNames<keyof Declared<S, "params", NoNames>, PathNames<Path>>;
}

/** Names known only at run time are checked then. */
type OtherNames<Names, Known> = string extends Names
  ? unknown
  : { readonly [Name in Exclude<Names, Known> & string]: `the path has no :${Name}` };
