import findMyWay, { type HTTPMethod } from "find-my-way";
import type { App } from "../app/app.ts";
import { routeDuplicate } from "../app/duplicates.ts";
import type { Method } from "../app/method.ts";
import type { Operation } from "../app/operation.ts";
import { partsOf } from "../app/parts.ts";
import { formatLocation, OffloopError, type SourceLocation } from "../errors/offloop-error.ts";

/** An operation, and the methods that it answers. */
interface Answering {
  readonly operation: Operation;
  readonly methods: readonly Method[];
}

/**
 * The routes of operations, or of websockets, that Fastify's router has. It takes more for the same than declarations
 * show: what is in the brackets of two parameters it does not compare. And it has routes of plugins.
 */
export class AddedRoutes {
  readonly #added: Answering[] = [];
  readonly #plugins: ReadonlySet<SourceLocation>;

  constructor(app: App) {
    this.#plugins = new Set(
      partsOf(app).flatMap((part) => part.app.declaredPlugins().map(({ location }) => location)),
    );
  }

  /**
   * Adds one.
   *
   * @throws {OffloopError} `OFFLOOP_ROUTE_DUPLICATE` when the router takes it for one that it has, `OFFLOOP_PATH_INVALID`
   * when it cannot use its path.
   */
  add(operation: Operation, methods: readonly Method[], add: () => void): void {
    const answering = { operation, methods };
    try {
      add();
    } catch (error) {
      if ((error as { code?: unknown }).code !== "FST_ERR_DUPLICATED_ROUTE")
        throw pathRefused(answering) ?? error;
      const first = this.#added.find((one) => isSame(one, answering));
      throw first === undefined ? this.#taken(operation) : routeDuplicate(operation, first.operation);
    }
    this.#added.push(answering);
  }

  #taken({ id, location }: Operation): OffloopError {
    return new OffloopError(
      "OFFLOOP_ROUTE_DUPLICATE",
      `Cannot add ${id}: a route that a plugin has added answers it already`,
      {
        at: location,
        note:
          this.#plugins.size === 0
            ? undefined
            : `plugins: ${[...this.#plugins].map(formatLocation).join(", ")}`,
        fix: "give the operation another path, or the plugin a prefix",
      },
    );
  }
}

/** Only a router knows which patterns it takes. Anything else that keeps a route from being added is a plugin's. */
function pathRefused({ operation, methods }: Answering): OffloopError | undefined {
  const { id, path, location } = operation;
  try {
    findMyWay().on(methods as HTTPMethod[], path, () => {});
    return undefined;
  } catch (cause) {
    return new OffloopError(
      "OFFLOOP_PATH_INVALID",
      `Cannot add ${id}: the router refuses its path: ${(cause as Error).message}`,
      {
        at: location,
        fix: "correct the pattern in the path's brackets, or check the parameter with a schema",
        cause,
      },
    );
  }
}

/** Asks a router of its own. */
function isSame(first: Answering, second: Answering): boolean {
  const router = findMyWay();
  const add = ({ operation, methods }: Answering): void =>
    router.on(methods as HTTPMethod[], operation.path, () => {});
  add(first);
  try {
    add(second);
    return false;
  } catch {
    return true;
  }
}
