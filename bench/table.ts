/** A table to print: the first column aligned left, figures aligned right. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function formatTable({ columns, rows }: Table): string {
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, at) => (at === 0 ? (cells[at] ?? "").padEnd(width) : (cells[at] ?? "").padStart(width)))
      .join("  ")
      .trimEnd();
  return [columns, widths.map((width) => "-".repeat(width)), ...rows]
    .map((row) => `  ${line(row)}\n`)
    .join("");
}

/** A figure with as many decimals as matter, and with separated thousands. */
export function formatNumber(value: number, decimals: number = 0): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export function formatRange(
  { min, max }: { readonly min: number; readonly max: number },
  decimals: number = 0,
): string {
  return `${formatNumber(min, decimals)} - ${formatNumber(max, decimals)}`;
}

export function formatQuartiles(
  { lowerQuartile, upperQuartile }: { readonly lowerQuartile: number; readonly upperQuartile: number },
  decimals: number = 0,
): string {
  return `${formatNumber(lowerQuartile, decimals)} - ${formatNumber(upperQuartile, decimals)}`;
}
