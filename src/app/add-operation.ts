import type { AnySchema, Schemas } from "../schema/schema.ts";
import type { Model, NoSchemas } from "./context.ts";
import type { Dependencies } from "./dependency.ts";
import type { Handler } from "./handler.ts";
import type { OperationOptions } from "./operation-options.ts";

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
