/** From how many values on something is not checked in one piece. */
export const LONG_VALUES = 1_000;

/** Whether something has many values. Counts no further than it must. */
export function isLong(value: unknown): boolean {
  return countTo(LONG_VALUES, value) > LONG_VALUES;
}

/** How many values something has, itself included; above the limit, more than that. */
export function countTo(limit: number, value: unknown): number {
  if (value === null || typeof value !== "object") return 1;
  const items: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  let count = 1 + items.length;
  for (let index = 0; index < items.length && count <= limit; index++)
    count += countTo(limit - count, items[index]) - 1;
  return count;
}
