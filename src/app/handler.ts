import type { AnySchema, InputOf, Schemas } from "../schema/schema.ts";
import type { Context, Model, NoSchemas } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import type { OperationOptions } from "./operation-options.ts";
import type { Reply } from "./reply.ts";

/** What a handler may return: what the response schema takes, a generator of it, or a finished response. */
export type HandlerResult<R extends AnySchema | undefined> = R extends AnySchema
  ? Answer<R> | Promise<Answer<R>> | Items<Answer<R>>
  : unknown;

type Answer<R extends AnySchema> = InputOf<R> | Reply | Response;
// biome-ignore lint/suspicious/noExplicitAny: what a generator returns or is sent does not matter here
type Items<Item> = AsyncGenerator<Item, any, any> | Generator<Item, any, any>;

/** A function that answers requests. */
export type Handler<
  Path extends string = string,
  P extends Schemas = NoSchemas,
  Q extends Model = NoSchemas,
  H extends Model = NoSchemas,
  C extends Model = NoSchemas,
  B extends Model | undefined = undefined,
  F extends Model | undefined = undefined,
  D extends Dependencies = NoSchemas,
  R extends AnySchema | undefined = undefined,
> = (context: Context<Path, P, Q, H, C, B, F, D>) => HandlerResult<R>;

/** Adds an operation for one method. */
export interface AddOperation<RD extends Dependencies = NoSchemas> {
  /** An operation that declares nothing but its path. */
  <Path extends string>(
    path: Path,
    handler: Handler<Path, NoSchemas, NoSchemas, NoSchemas, NoSchemas, undefined, undefined, RD>,
  ): void;
  /** An operation that declares its inputs. */
  <
    Path extends string,
    P extends Schemas = NoSchemas,
    Q extends Model = NoSchemas,
    H extends Model = NoSchemas,
    C extends Model = NoSchemas,
    B extends Model | undefined = undefined,
    F extends Model | undefined = undefined,
    D extends Dependencies = NoSchemas,
    R extends AnySchema | undefined = undefined,
    // As a bound, since only then `response` is known while the handler's result is read: "bearer" stays a literal.
    Fn extends Handler<Path, P, Q, H, C, B, F, D & Omit<RD, keyof D>, R> = Handler<
      Path,
      P,
      Q,
      H,
      C,
      B,
      F,
      D & Omit<RD, keyof D>,
      R
    >,
  >(
    path: Path,
    options: OperationOptions<Path, P, Q, H, C, B, F, D, R>,
    handler: Fn,
  ): void;
}
