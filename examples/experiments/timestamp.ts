/** The current local time, in microseconds: `2026-11-21 03:02:10.735846`. The same clock in every thread. */
export function timestamp(): string {
  const ms = performance.timeOrigin + performance.now();
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${day} ${time}.${String(Math.floor((ms % 1000) * 1000)).padStart(6, "0")}`;
}
