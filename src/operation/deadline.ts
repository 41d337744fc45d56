/**
 * Waits for work on the loop, but no longer than its deadline. Nothing can end the work itself: it may go on.
 *
 * @param onLate - Called when the deadline passes, with how long it took; what it gives or throws takes the place of the work.
 */
export async function withinDeadline<T>(
  timeoutMs: number,
  work: Promise<T>,
  onLate: (elapsedMs: number) => T,
): Promise<T> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve, reject) => {
    timer = setTimeout(() => {
      try {
        resolve(onLate(performance.now() - start));
      } catch (error) {
        reject(error);
      }
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
