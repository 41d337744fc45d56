import type { Batch, IncidentGroup } from "../batch.ts";
import { laneOf } from "./lane.ts";
import type { Process } from "./process.ts";

const MAX_INCIDENTS = 2_000;
/** As many as two processes keep. */
const MAX_GROUPS = 400;

/** One incident, wherever it happened. */
export interface Incident {
  /** Unique among all incidents. */
  readonly id: string;
  /** The key of its group. */
  readonly group: string;
  readonly at: number;
  readonly durationMs: number;
  readonly lane: number | null;
  readonly request: string | null;
}

/** Incidents of one kind at one place, of all processes. */
export type GroupTotal = Omit<IncidentGroup, "id">;

/** The incidents of all processes, limited by count. */
export class KnownIncidents {
  list: readonly Incident[] = [];
  /** Keyed by group, then by process: the last state that each has sent. */
  readonly #told = new Map<string, Map<number, GroupTotal>>();
  readonly #totals = new Map<string, GroupTotal>();
  /** Keys by process and number. */
  readonly #keys = new Map<string, string>();

  /** Keyed by group. */
  get groups(): ReadonlyMap<string, GroupTotal> {
    return this.#totals;
  }

  take(process: Process, { groups = [], incidents = [] }: Batch): void {
    const { worker } = process;
    for (const group of groups) this.#count(process, group);
    if (incidents.length === 0) return;
    const shown = incidents.flatMap(({ id, group, at, durationMs, thread, request }) => {
      const key = this.#keys.get(`${worker} ${group}`);
      if (key === undefined) return []; // so many others have happened since that it is no longer kept
      const lane = thread === null ? null : laneOf(worker, thread);
      return [{ id: `${worker} ${id}`, group: key, at: process.timeOf(at), durationMs, lane, request }];
    });
    this.list = [...this.list, ...shown].slice(-MAX_INCIDENTS);
  }

  #count(process: Process, { id, ...group }: IncidentGroup): void {
    const { key, firstAt, lastAt } = group;
    this.#keys.set(`${process.worker} ${id}`, key);
    const told = this.#told.get(key) ?? new Map<number, GroupTotal>();
    this.#told.set(key, told);
    told.set(process.worker, {
      ...group,
      firstAt: process.timeOf(firstAt),
      lastAt: process.timeOf(lastAt),
    });
    this.#totals.delete(key); // the most recently changed one goes last
    this.#totals.set(key, totalOf([...told.values()], group));
    const [oldest] = this.#totals.keys();
    if (this.#totals.size > MAX_GROUPS && oldest !== undefined) this.#forget(oldest);
  }

  #forget(key: string): void {
    this.#totals.delete(key);
    this.#told.delete(key);
    for (const [number, known] of this.#keys) if (known === key) this.#keys.delete(number);
  }
}

function totalOf(told: readonly GroupTotal[], any: GroupTotal): GroupTotal {
  const newest = told.reduce((one, other) => (other.lastAt > one.lastAt ? other : one), told[0] ?? any);
  return {
    ...newest,
    count: told.reduce((sum, { count }) => sum + count, 0),
    firstAt: Math.min(...told.map(({ firstAt }) => firstAt)),
    longestMs: Math.max(...told.map(({ longestMs }) => longestMs)),
  };
}
