/**
 * Resolves as a promise does. Rejects if the process has nothing left that could settle it: Node would end with code 13,
 * and name only the outermost `await`.
 *
 * @param stuck - Makes the error to reject with.
 */
export async function settling<Result>(
  promise: Promise<Result> | Result,
  stuck: () => Error,
): Promise<Result> {
  const { promise: never, reject } = Promise.withResolvers<never>();
  const onNothingLeft = (): void => reject(stuck());
  process.once("beforeExit", onNothingLeft);
  try {
    return await Promise.race([promise, never]);
  } finally {
    process.off("beforeExit", onNothingLeft);
  }
}
