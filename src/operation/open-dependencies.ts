import type { DependencyDeclaration, Overrides, Scope } from "../app/dependency.ts";
import { OffloopError } from "../errors/offloop-error.ts";

type AnyGenerator = Generator<unknown> | AsyncGenerator<unknown>;

interface Open {
  readonly declaration: DependencyDeclaration;
  readonly generator: AnyGenerator;
}

/** What went wrong, boxed: anything can be thrown, `undefined` too. */
export interface Failure {
  readonly error: unknown;
}

/** Generator dependencies that have yielded their value and are not closed yet. */
export class OpenDependencies {
  #open: Open[] = [];

  get size(): number {
    return this.#open.length;
  }

  /** Makes the value of a generator dependency: what it yields. It then stays open. */
  async enter(declaration: DependencyDeclaration, context: unknown): Promise<unknown> {
    const generator = declaration.fn(context) as AnyGenerator;
    const { done, value } = await generator.next();
    if (done === true) throw yieldError(declaration, "without a yield");
    this.#open.push({ declaration, generator });
    return value;
  }

  /**
   * Closes those of a scope, or all; the newest first. Each sees the failure at its `yield`; what one throws
   * is what the next one sees.
   *
   * @returns What went wrong in the end; undefined when nothing did, or when one of them caught it.
   */
  async close(failure: Failure | undefined, scope?: Scope): Promise<Failure | undefined> {
    const closing = this.#open.filter(
      ({ declaration }) => scope === undefined || declaration.scope === scope,
    );
    this.#open = this.#open.filter((open) => !closing.includes(open));
    let left = failure;
    for (const open of closing.toReversed()) left = await closeOne(open, left);
    return left;
  }
}

async function closeOne(
  { declaration, generator }: Open,
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
    fix: "have its generator yield exactly once: what comes before opens the value, what comes after closes it",
  });
}

/** Values that requests share: those of the scopes "thread" and "app". Each is made when it is first needed. */
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

  /** The value, or a promise of it while it is being made. One whose making failed is made again. */
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

  /** Closes what was opened, the newest first. Throws what the last of them threw. */
  async close(): Promise<void> {
    const failure = await this.#open.close(undefined);
    if (failure !== undefined) throw failure.error;
  }

  async #make(declaration: DependencyDeclaration): Promise<unknown> {
    const context: Record<string, unknown> = {};
    for (const [name, inner] of declaration.deps) {
      const replacement = this.#overrides.get(inner) ?? inner;
      context[name] = "value" in replacement ? replacement.value : await this.get(replacement);
    }
    return declaration.isGenerator ? this.#open.enter(declaration, context) : declaration.fn(context);
  }
}
