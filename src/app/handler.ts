import type { AnySchema, InputOf } from "../schema/schema.ts";
import type { Context, Declared, NoNames } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import type { OperationOptions } from "./operation-options.ts";
import type { CheckedOptions } from "./option-names.ts";
import type { PathNames } from "./path.ts";
import type { Reply } from "./reply.ts";

/** What a handler may return: what the response schema takes, a generator of it, or a finished response. */
export type HandlerResult<R> = R extends AnySchema
  ? Answer<R> | Promise<Answer<R>> | Items<Answer<R>>
  : unknown;

type Answer<R extends AnySchema> = InputOf<R> | Reply | Response;
// biome-ignore lint/suspicious/noExplicitAny: what a generator returns or is sent does not matter here
type Items<Item> = AsyncGenerator<Item, any, any> | Generator<Item, any, any>;

/**
 * A function that answers requests.
 *
 * @typeParam Path - The path of its operation.
 * @typeParam S - What its operation declares.
 * @typeParam Outer - The dependencies of the routers around it.
 */
export type Handler<
  Path extends string = string,
  S extends OperationOptions = NoNames,
  Outer extends Dependencies = NoNames,
> = (context: Context<Path, S, Outer>) => HandlerResult<Declared<S, "response", undefined>>;

/** Adds an operation for one method. */
export interface AddOperation<Outer extends Dependencies = NoNames> {
  /** An operation that declares nothing but its path. */
  <Path extends string>(path: Path, handler: Handler<Path, NoNames, Outer>): void;
  /** An operation that declares its inputs. */
  <
    Path extends string,
    S extends OperationOptions,
    // As a bound, since only then `response` is known while the handler's result is read: "bearer" stays a literal.
    Fn extends Handler<Path, S, Outer> = Handler<Path, S, Outer>,
  >(
    path: Path,
    options: S & CheckedOptions<S, keyof OperationOptions> & PathParams<Path, S>,
    handler: Fn,
  ): void;
}

/** Refuses `params` of other names than the path has. */
interface PathParams<Path extends string, S> {
  readonly params?: OtherNames<keyof Declared<S, "params", NoNames>, PathNames<Path>>;
}

/** Names that are known only when it runs are checked then. */
type OtherNames<Names, Known> = string extends Names
  ? unknown
  : { readonly [Name in Exclude<Names, Known> & string]: `the path has no :${Name}` };
