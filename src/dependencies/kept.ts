import type { DependencyDeclaration } from "../app/dependency.ts";
import type { Overrides } from "../app/overrides.ts";
import { OpenDependencies } from "./open.ts";

/** Values that outlive requests: those of the scopes "thread" and "app". Each is made when it is first needed. */
export class KeptDependencies {
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
