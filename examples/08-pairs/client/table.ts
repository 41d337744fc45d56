import { inMs } from "../../experiments/client/figures.ts";
import type { Measured } from "./measure.ts";
import type { Pair } from "./pair.ts";

const widths = [1, 41, 6, 7, 15, 26, 26, 0];

/** The table's first line. */
export function tableHead(): string {
  return line(["", "way", "lane", "ms", "GET / p50; max", "guard", "watchdog", "expected"]);
}

/** The line before a pair's rows. */
export function pairHead({ name, server }: Pick<Pair, "name" | "server">): string {
  return `\n${name} (${server})`;
}

/** The line of one row. */
export function tableLine({ way, lane, ms, others, guard, watchdog, expected }: Measured): string {
  const mark = expected.every(({ held }) => held) ? "✓" : "✗";
  const expectations = expected.map(({ what, held }) => (held ? what : `NOT ${what}`)).join(", ");
  const latency = `${inMs(others.p50)}; ${inMs(others.max)}`;
  const short = (at = ""): string => at.replace("operations/", "");
  const seen = watchdog && `${short(watchdog.at)} ${inMs(watchdog.ms)} ms`;
  return line([mark, way.what, lane, inMs(ms), latency, short(guard?.at), seen ?? "", expectations]);
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(" ")
    .trimEnd();
}
