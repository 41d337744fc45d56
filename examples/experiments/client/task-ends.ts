import type { Interface } from "node:readline";

/** The end of a task, as the app printed it. */
export interface TaskEnd {
  /** Milliseconds, with microseconds after the point. */
  readonly at: number;
  readonly thread: number;
  /** Its position among its request's tasks. */
  readonly task: number;
  readonly request: string;
}

// 2026-11-21 03:02:10.735846 [5] 0 sync end req-1
const line = /^(\S+) (\S+)\.(\d{6}) \[(\d+)\] (\d+) a?sync end (\S+)$/;

/** The next task ends that the app prints, in order. */
export function nextTaskEnds(lines: Interface, count: number, withinMs: number): Promise<TaskEnd[]> {
  const ends: TaskEnd[] = [];
  return new Promise((resolve, reject) => {
    const onLate = (): void =>
      reject(new Error(`Only ${ends.length} of ${count} tasks ended within ${withinMs} ms`));
    const late = setTimeout(onLate, withinMs);
    const onLine = (text: string): void => {
      const end = parseTaskEnd(text);
      if (end !== undefined) ends.push(end);
      if (ends.length < count) return;
      clearTimeout(late);
      lines.off("line", onLine);
      resolve(ends.sort((a, b) => a.at - b.at));
    };
    lines.on("line", onLine);
  });
}

export function parseTaskEnd(text: string): TaskEnd | undefined {
  const [, day, time, micros, thread, task, request] = line.exec(text) ?? [];
  if (request === undefined) return undefined;
  const at = Date.parse(`${day}T${time}`) + Number(micros) / 1000;
  return { at, thread: Number(thread), task: Number(task), request };
}

/** How many end together: a wave is over when nothing has ended for half a wait. */
export function wavesOf(ends: readonly TaskEnd[], waitMs: number): TaskEnd[][] {
  const waves: TaskEnd[][] = [];
  for (const end of ends) {
    const wave = waves.at(-1);
    if (wave === undefined || end.at - wave.at(-1)!.at > waitMs / 2) waves.push([end]);
    else wave.push(end);
  }
  return waves;
}
