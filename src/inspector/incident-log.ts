import type { IncidentGroup, IncidentKind, IncidentRow } from "./batch.ts";
import { Ring } from "./ring.ts";

const MAX_ROWS = 1_000;
const MAX_GROUPS = 200;

/** An incident, as described when it happens. */
export interface KnownIncident {
  readonly kind: IncidentKind;
  readonly at: number;
  readonly durationMs: number;
  readonly thread: number | null;
  readonly request: string | null;
  readonly name: string | null;
  readonly place: string | null;
  readonly message: string;
  /** Distinguishes it from others of its kind at the same place. */
  readonly cause: string;
  readonly facts: readonly string[];
  readonly stack: readonly string[];
}

interface LoggedGroup {
  told: IncidentGroup;
  /** The number of the last change that it was part of. */
  changedAt: number;
}

/** Incidents grouped by what they have in common, so that a flood of one hides no other. Limited by count. */
export class IncidentLog {
  readonly #rows = new Ring<IncidentRow>(MAX_ROWS);
  /** Keyed by group, with the most recent one last. */
  readonly #groups = new Map<string, LoggedGroup>();
  #nextGroup = 1;
  #changes = 0;

  /** How many incidents there have been. */
  get changes(): number {
    return this.#changes;
  }

  keep(incident: KnownIncident): void {
    const { kind, at, durationMs, thread, request, name, place, cause } = incident;
    const key = [kind, name, place, cause].join("\n");
    const group = this.#count(key, incident);
    this.#groups.delete(key);
    this.#groups.set(key, { told: group, changedAt: this.#changes++ });
    if (this.#groups.size > MAX_GROUPS) this.#groups.delete(this.#groups.keys().next().value ?? key);
    this.#rows.push({ id: this.#changes, group: group.id, at, durationMs, thread, request });
  }

  /** What was kept since there had been `changes` incidents. */
  since(changes: number): { rows: IncidentRow[]; groups: IncidentGroup[] } {
    const changed = [...this.#groups.values()].filter(({ changedAt }) => changedAt >= changes);
    return { rows: this.#rows.slice(changes), groups: changed.map(({ told }) => told) };
  }

  /**
   * The group including the incident. An incident that happened before the group's newest one, but became known later,
   * does not describe the group.
   */
  #count(
    key: string,
    { kind, name, place, message, facts, stack, at, durationMs }: KnownIncident,
  ): IncidentGroup {
    const known = this.#groups.get(key)?.told;
    const now = { message, facts, stack };
    const { id, count, firstAt, lastAt, longestMs, ...newest } = known ?? {
      ...now,
      id: this.#nextGroup++,
      count: 0,
      firstAt: at,
      lastAt: at,
      longestMs: 0,
    };
    return {
      ...newest,
      ...(at >= lastAt ? now : {}),
      id,
      key,
      kind,
      name,
      place,
      count: count + 1,
      firstAt: Math.min(firstAt, at),
      lastAt: Math.max(lastAt, at),
      longestMs: Math.max(longestMs, durationMs),
    };
  }
}
