import type { DependencyDeclaration, Overrides, Scope, StandInValue } from "../app/dependency.ts";
import { OffloopError } from "../errors/offloop-error.ts";

type AnyGenerator = Generator<unknown> | AsyncGenerator<unknown>;

/** Something to be closed when its scope ends. */
export interface Open {
  readonly scope: Scope;
  /** Returns the final failure; undefined when there was none, or when it was caught. */
  close(failure: Failure | undefined): Promise<Failure | undefined>;
}

/** A failure, boxed: anything can be thrown, even `undefined`. */
export interface Failure {
  readonly error: unknown;
}

/** Generator dependencies that have yielded their value and are not closed yet. */
export class OpenDependencies {
  #open: Open[] = [];

  get size(): number {
    return this.#open.length;
  }

  /** Creates the value of a generator dependency: what it yields. It then stays open. */
  async enter(declaration: DependencyDeclaration, context: unknown): Promise<unknown> {
    const generator = declaration.fn(context) as AnyGenerator;
    const { done, value } = await generator.next();
    if (done === true) throw yieldError(declaration, "without a yield");
    const close: Open["close"] = (failure) => closeGenerator(declaration, generator, failure);
    this.#open.push({ scope: declaration.scope, close });
    return value;
  }

  /** Takes over what was opened elsewhere. */
  hold(...open: readonly Open[]): void {
    this.#open.push(...open);
  }

  /** Whether any dependency of this scope waits to be closed. */
  has(scope: Scope): boolean {
    return this.#open.some((open) => open.scope === scope);
  }

  /**
   * Closes those of a scope, or all, newest first. Each sees the failure at its `yield`; an error that it throws is
   * what the next one sees.
   *
   * @returns The final failure; undefined when there was none, or when one of them caught it.
   */
  async close(failure: Failure | undefined, scope?: Scope): Promise<Failure | undefined> {
    const closing = this.#open.filter((open) => scope === undefined || open.scope === scope);
    this.#open = this.#open.filter((open) => !closing.includes(open));
    let left = failure;
    for (const open of closing.toReversed()) left = await open.close(left);
    return left;
  }
}

async function closeGenerator(
  declaration: DependencyDeclaration,
  generator: AnyGenerator,
  failure: Failure | undefined,
): Promise<Failure | undefined> {
  try {
    const { done } = await (failure === undefined ? generator.next() : generator.throw(failure.error));
    if (done === true) return undefined;
    await generator.return(undefined);
    return { error: yieldError(declaration, "a second time") };
  } catch (error) {
    return { error };
  }
}

function yieldError({ name, location }: DependencyDeclaration, how: string): OffloopError {
  const what = how === "a second time" ? `it yielded ${how}` : `it ended ${how}`;
  return new OffloopError("OFFLOOP_DEPENDENCY_YIELD", `Cannot use the dependency ${name}: ${what}`, {
    at: location,
    fix: "let its generator yield exactly once: code before the yield opens the value, code after it closes it",
  });
}

/**
 * @param name - The key in `deps`.
 * @param user - What needs it.
 * @throws {OffloopError} `OFFLOOP_NOT_CLONEABLE`, `OFFLOOP_OVERRIDE_FUNCTION` where a test's substitute stays on the
 * loop.
 */
export function standInValue({ value, refused }: StandInValue, name: string, user: string): unknown {
  if (refused === undefined) return value;
  const { found, at } = refused;
  const what = `Cannot use the override of "${name}" in ${user}, which runs on a thread`;
  if (found === undefined)
    throw new OffloopError(
      "OFFLOOP_OVERRIDE_FUNCTION",
      `${what}: it is a function, and threads do not load the test`,
      { at, fix: `override it by a value, or ${IN_A_MODULE}` },
    );
  throw new OffloopError("OFFLOOP_NOT_CLONEABLE", `${what}: ${found} cannot cross between threads`, {
    at,
    fix: `override it by plain data, or override a dependency made from it, or ${IN_A_MODULE}`,
  });
}

/** Not in the app's own module: there it would hold in production, too. */
const IN_A_MODULE =
  "call app.override() in a module of its own, which exports the app, and give its URL to testClient";

/** Values that requests share: those of the scopes "thread" and "app". Each is created when it is first needed. */
export class SharedDependencies {
  readonly #values = new Map<DependencyDeclaration, unknown>();
  readonly #open = new OpenDependencies();
  readonly #overrides: Overrides;

  constructor(overrides: Overrides) {
    this.#overrides = overrides;
  }

  /** Keeps a value that was made elsewhere. */
  set(declaration: DependencyDeclaration, value: unknown): void {
    this.#values.set(declaration, value);
  }

  /** The value, or a promise of it while it is being created. After a failure it is created again. */
  get(declaration: DependencyDeclaration): unknown {
    if (this.#values.has(declaration)) return this.#values.get(declaration);
    const making = this.#make(declaration).then(
      (value) => {
        this.#values.set(declaration, value);
        return value;
      },
      (error: unknown) => {
        this.#values.delete(declaration);
        throw error;
      },
    );
    this.#values.set(declaration, making);
    return making;
  }

  /** Closes what was opened, newest first. Throws the error that the last of them threw. */
  async close(): Promise<void> {
    const failure = await this.#open.close(undefined);
    if (failure !== undefined) throw failure.error;
  }

  async #make(declaration: DependencyDeclaration): Promise<unknown> {
    const context: Record<string, unknown> = {};
    for (const [name, inner] of declaration.deps) {
      const replacement = this.#overrides.get(inner) ?? inner;
      context[name] =
        "value" in replacement
          ? standInValue(replacement, name, `dependency "${declaration.name}"`)
          : await this.get(replacement);
    }
    return declaration.isGenerator ? this.#open.enter(declaration, context) : declaration.fn(context);
  }
}
