/** A duration for people: three significant figures, and a suitable unit. */
export function durationText(ms: number): string {
  if (ms === 0) return "0";
  if (ms < 0.9995) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 999.5) return `${figures(ms)} ms`;
  return ms < 120_000 ? `${figures(ms / 1000)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

/** A long time, rounded to something people remember: `12 s`, `5 min`, `3 h`, `9 d`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** A date with its time of day, in the reader's time zone. */
export function dateText(epochMs: number): string {
  const time = new Date(epochMs);
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  return `${day.map((part) => String(part).padStart(2, "0")).join("-")} ${clockText(epochMs)}`;
}

function figures(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(value >= 9.995 ? 1 : 2);
}

/** A time of day, as short as the step of an axis allows. */
export function tickText(epochMs: number, stepMs: number): string {
  const text = clockText(epochMs);
  if (stepMs >= 1000) return text.slice(0, 8);
  const seconds = text.slice(5); // :07.250
  if (stepMs >= 1) return seconds;
  return `${seconds}${(epochMs % 1).toFixed(3).slice(2)}`;
}

/** A time of day to the millisecond, in the reader's time zone. */
export function clockText(epochMs: number): string {
  const time = new Date(epochMs);
  const part = (value: number, digits: number): string => String(value).padStart(digits, "0");
  const seconds = `${part(time.getSeconds(), 2)}.${part(time.getMilliseconds(), 3)}`;
  return `${part(time.getHours(), 2)}:${part(time.getMinutes(), 2)}:${seconds}`;
}
