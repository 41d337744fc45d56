import { OffloopError } from "../errors/offloop-error.ts";

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless the value is an integer within the range. */
export function integer(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= max) return Number(value);
  const got = JSON.stringify(value) ?? "undefined";
  throw new OffloopError(
    "OFFLOOP_OPTION_INVALID",
    `Cannot use ${name}: expected an integer of ${min}-${max}, got ${got}`,
    {
      fix: `set ${name} to a value in its range, or leave it out`,
    },
  );
}
