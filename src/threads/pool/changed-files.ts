import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AppTarget } from "../../app/load/load.ts";
import type { SourceLocation } from "../../errors/offloop-error.ts";

/** What names the files of an app. */
interface AppSource {
  readonly target: AppTarget;
  readonly works: readonly { readonly location: SourceLocation }[];
}

/**
 * The files of an app since its threads were opened. Every thread loads them as they are then: once a new release has been
 * copied over them, that is another app than the main thread's.
 */
export class AppFiles {
  readonly #source: AppSource;
  readonly #openedAt = Date.now();

  constructor(source: AppSource) {
    this.#source = source;
  }

  /** The first that has changed, been replaced or moved away. Reads the disk, so ask only once something has failed. */
  findChanged(): string | undefined {
    const { target, works } = this.#source;
    const files = new Set([fileURLToPath(target.url), ...works.map(({ location }) => location.file)]);
    return [...files].find((file) => this.#hasChanged(file));
  }

  #hasChanged(file: string): boolean {
    try {
      // A copy may keep the time at which the file was written, but not that at which it came here.
      return statSync(file).ctimeMs > this.#openedAt;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
  }
}
