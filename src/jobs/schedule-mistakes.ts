import { Cron } from "croner";
import { counted } from "../errors/counted.ts";

/** What is wrong with a schedule, and the action that mends it. */
export interface ScheduleMistake {
  readonly why: string;
  readonly fix: string;
}

/** What each field is called, and what it may be. The first and the last may be missing. */
const fields = [
  ["second", "0-59"],
  ["minute", "0-59"],
  ["hour", "0-23"],
  ["day", "1-31"],
  ["month", "1-12 or JAN-DEC"],
  ["weekday", "0-7 or SUN-SAT"],
  ["year", "1-9999"],
] as const;

const WRITE_FIVE = 'write five: minute, hour, day, month and weekday, like "0 3 * * *"';

/** Undefined when a schedule can be kept. Says it in the words of this documentation, not in those of the library. */
export function scheduleMistake(expression: string, timezone: string): ScheduleMistake | undefined {
  return expressionMistake(expression) ?? timezoneMistake(timezone) ?? remainingMistake(expression, timezone);
}

function expressionMistake(expression: string): ScheduleMistake | undefined {
  const parts = expression.trim().split(/\s+/);
  if (expression.startsWith("@") && parts.length === 1)
    return isValid(expression)
      ? undefined
      : { why: `there is no ${expression}`, fix: "write @hourly, @daily, @weekly, @monthly or @yearly" };
  const count = expression.trim() === "" ? 0 : parts.length;
  // The library would read a single field as a date.
  if (count < 5 || count > fields.length)
    return { why: `it has ${counted(count, "field")}`, fix: WRITE_FIVE };
  return parts
    .map((part, index) => fieldMistake(part, count, index))
    .find((mistake) => mistake !== undefined);
}

/** Each field is tried alone: the library names only some of those that it refuses. */
function fieldMistake(part: string, count: number, index: number): ScheduleMistake | undefined {
  const alone = Array.from({ length: count }, (_, at) => (at === index ? part : "*")).join(" ");
  if (isValid(alone)) return undefined;
  const [name, range] = fields[count === 5 ? index + 1 : index] as (typeof fields)[number];
  return {
    why: `"${part}" is not a ${name}`,
    fix: `write ${range}, *, or a list, range or step of those, in the place of the ${name}`,
  };
}

function isValid(expression: string): boolean {
  try {
    new Cron(expression, { paused: true });
    return true;
  } catch {
    return false;
  }
}

function timezoneMistake(timezone: string): ScheduleMistake | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
    return undefined;
  } catch {
    const city = `/${timezone.toLowerCase().replaceAll(" ", "_")}`;
    const meant = Intl.supportedValuesOf("timeZone").find((name) => name.toLowerCase().endsWith(city));
    return {
      why: `there is no time zone "${timezone}"`,
      fix: meant === undefined ? 'write an IANA name, like "Europe/Berlin"' : `write "${meant}"`,
    };
  }
}

/** What only shows where the fields and the time zone come together. */
function remainingMistake(expression: string, timezone: string): ScheduleMistake | undefined {
  try {
    // Not from now on: an app whose schedule names a year that is over must still start.
    if (new Cron(expression, { timezone, paused: true }).nextRun(new Date(0)) !== null) return undefined;
    return { why: "it never occurs", fix: "write a day that one of its months has" };
  } catch (error) {
    return { why: String((error as Error).message), fix: WRITE_FIVE };
  }
}
