import type { FigureTotal } from "./figure-totals.ts";
import type { Store } from "./store.ts";

/** An operation or a task, and what makes it worth a look. */
export interface Troubled {
  readonly name: string;
  readonly figure: FigureTotal;
  /** How often it failed in the last minute. */
  readonly failedLately: number;
  /** How often it blocked the loop. */
  readonly blocks: number;
}

export function troubleIn(store: Store): Troubled[] {
  const now = store.now();
  const blocks = blocksBy(store);
  return store.figures.list.map((figure) => {
    const { name = "?", kind = "operation" } = store.names[figure.name] ?? {};
    return {
      name,
      figure,
      failedLately: store.recent.runsOf(figure.name, now).failed.reduce((sum, count) => sum + count, 0),
      blocks: blocks.get(kind === "task" ? `task ${name}` : name) ?? 0,
    };
  });
}

/** Most trouble first: what fails now, what blocks the loop, what has failed, what takes longest including its wait. */
export function byTrouble(a: Troubled, b: Troubled): number {
  return (
    b.failedLately - a.failedLately ||
    b.blocks - a.blocks ||
    b.figure.failed - a.figure.failed ||
    slowest(b) - slowest(a)
  );
}

function slowest({ figure: { wait, run } }: Troubled): number {
  return (wait[1] ?? 0) + (run[1] ?? 0);
}

function blocksBy({ incidents }: Store): Map<string, number> {
  const blocks = new Map<string, number>();
  for (const { kind, name, count } of incidents.groups.values())
    if (kind === "blocked" && name !== null) {
      const certain = name.replace(/^probably /, "");
      blocks.set(certain, (blocks.get(certain) ?? 0) + count);
    }
  return blocks;
}
