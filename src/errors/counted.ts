/** `1 job`, `2 jobs`. @param noun - In the singular; its plural takes an s. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
