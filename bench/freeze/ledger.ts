import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const LOOK_EVERY_MS = 50;

/** The end of a task, as recorded by its process. */
export interface Entry {
  readonly kind: "async" | "plain";
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A file outside of any server, to which each task adds a line when it has ended. */
export class Ledger implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "offloop-freeze-"));
  readonly file: string = join(this.#folder, "ledger");

  entries(): Entry[] {
    const text = readFileSync(this.file, { encoding: "utf8", flag: "a+" });
    // A process that is killed may leave half a line.
    const lines = text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .slice(0, -1);
    return lines.map((line) => {
      const [kind, id = "", at] = line.split(" ");
      return { kind: kind as Entry["kind"], id, at: Number(at) };
    });
  }

  /** Waits until this many tasks have ended, or none has for a while. */
  async waitFor(count: number, patienceMs: number): Promise<readonly Entry[]> {
    let seen = 0;
    let changedAt = performance.now();
    for (;;) {
      const entries = this.entries();
      if (entries.length > seen) changedAt = performance.now();
      seen = entries.length;
      if (seen >= count || performance.now() - changedAt > patienceMs) return entries;
      await wait(LOOK_EVERY_MS);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
