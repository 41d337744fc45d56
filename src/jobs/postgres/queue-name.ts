/**
 * The queue that stores a task's jobs. pg-boss accepts letters, digits and `_ - . /`; every other character becomes its
 * code point between slashes, and so does a slash.
 */
export function queueName(task: string): string {
  return task.replaceAll(/[^\w.-]/gu, (character) => `/${character.codePointAt(0)?.toString(16)}/`);
}

/** The task that a queue belongs to. */
export function taskName(queue: string): string {
  return queue.replaceAll(/\/([0-9a-f]+)\//g, (_, code: string) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
}
