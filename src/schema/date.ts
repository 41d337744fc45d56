const FORMAT =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt _](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:[Zz]|([+-])(\d\d):?(\d\d))?)?$/;

/**
 * Parses a date, or a date and a time, of RFC 3339, as pydantic does. Without a zone it is in UTC, whatever the
 * machine's zone. Undefined for what exists in no calendar, like 30 February or 24:00.
 */
export function parseDate(text: string): Date | undefined {
  const [all, ...parts] = FORMAT.exec(text) ?? [];
  if (all === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(numberOf);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (year === 0 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const [fraction = "", sign, zoneHour, zoneMinute] = parts.slice(6);
  date.setUTCHours(hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, "0")));
  if (sign === undefined) return date;
  const offset = numberOf(zoneHour) * 60 + numberOf(zoneMinute);
  if (offset >= 24 * 60 || numberOf(zoneMinute) > 59) return undefined;
  return new Date(date.getTime() - (sign === "+" ? offset : -offset) * 60_000);
}

function numberOf(digits: string | undefined): number {
  return Number(digits ?? 0);
}
