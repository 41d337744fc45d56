/** Milliseconds on a clock that only goes forward and is the same in every thread. */
export function clockMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
