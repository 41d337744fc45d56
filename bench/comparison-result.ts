import { type Compared, compare, type Pair } from "./comparison.ts";
import { goalCells } from "./goal.ts";
import type { Bench, PartResult } from "./part.ts";
import { percentile } from "./statistics.ts";
import { formatNumber, formatQuartiles } from "./table.ts";
import type { Measured } from "./turns.ts";

/** Other processes that use more of the machine than this are mentioned. */
const QUIET_SHARE = 0.1;

/** The result of sides that took turns: a row for each figure of each pair. */
export function comparisonResult(
  title: string,
  pairs: readonly Pair[],
  measured: readonly Measured[],
  notes: readonly string[],
): PartResult {
  const compared = compare(pairs, measured);
  const goals = compared.flatMap(({ goal }) => goal ?? []);
  const columns = ["", "", "median", "against", "ratio", "quartiles", "A/A", "difference"];
  return {
    title,
    table: {
      columns: goals.length > 0 ? [...columns, "goal", ""] : columns,
      rows: compared.map((one, at) => row(one, compared[at - 1])),
    },
    notes: [busyNote(measured), headerNote(measured), ...notes],
    goals,
    measured: {
      sides: measured,
      comparisons: compared.map(({ pair, figure, ...rest }) => ({
        ours: pair.ours,
        peer: pair.peer,
        figure: figure.name,
        ratios: rest.ratios,
        ratio: rest.ratio,
        spread: rest.spread,
        verdict: rest.verdict,
      })),
    },
  };
}

function row(
  { pair, figure, ours, peer, ratio, spread, verdict, goal }: Compared,
  above?: Compared,
): string[] {
  return [
    above?.pair === pair ? "" : `${pair.ours} / ${pair.peer}`,
    figure.name,
    formatNumber(ours.median, figure.decimals),
    formatNumber(peer.median, figure.decimals),
    formatNumber(ratio.median, 3),
    formatQuartiles(ratio, 3),
    `±${formatNumber(spread * 100, 1)} %`,
    verdict,
    ...goalCells(goal),
  ];
}

function busyNote(measured: readonly Measured[]): string {
  const slices = measured.flatMap(({ rounds, again = [] }) => [...rounds, ...again]);
  const shares = slices.flatMap(({ shareOfOthers }) => shareOfOthers ?? []);
  if (shares.length === 0) return "this system does not say what else ran meanwhile";
  const share = percentile(shares, 50);
  const percent = `${formatNumber(share * 100)} % of the machine (median of the slices)`;
  return share <= QUIET_SHARE ? `others took ${percent}` : `the machine was busy: others took ${percent}`;
}

/** Says in which headers the sides differ, since more headers are more work. */
function headerNote(sides: readonly Measured[]): string {
  const common = (header: string): boolean => sides.every(({ headers }) => headers.includes(header));
  const differing = Map.groupBy(sides, ({ headers }) =>
    headers.filter((header) => !common(header)).join(", "),
  );
  if (differing.size < 2) return "all send the same headers";
  const groups = [...differing].map(
    ([headers, own]) => `${headers || "none"} (${own.map(({ name }) => name).join("; ")})`,
  );
  return `headers that not all send: ${groups.join(" | ")}`;
}

/** What all comparisons of a run have in common. */
export function comparisonTerms({ countsInstructions }: Bench): string[] {
  return [
    "difference: none within A/A, which three of four ratios of a side to itself stay within; too busy: A/A is too wide to say none",
    countsInstructions ? "instructions: of the server's process" : "perf counts no instructions here",
  ];
}
