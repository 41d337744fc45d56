import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

/** One mark of a chart. */
export interface Mark {
  /** The name of its row. */
  readonly name: string;
  readonly series: string;
  readonly value: number;
}

/** A chart with a row for each name. */
export interface Chart {
  readonly marks: readonly Mark[];
  /** The series in order, each with its colour. */
  readonly series: Readonly<Record<string, string>>;
  readonly axis: string;
  /** `dots` on a logarithmic axis, or stacked `bars`. */
  readonly kind: "dots" | "bars";
}

/** Colours that can be distinguished on white and on black. */
export const colours = { good: "#2da44e", middle: "#d29922", bad: "#e5534b", plain: "#539bf5" };

/** A phone shows the chart at about this width, so its text stays as large as it is written here. */
const WIDTH = 400;
const TEXT_SIZE = 14;
/** A row's name stands above its marks: beside them, long names would take half of the width. */
const ROW_HEIGHT = 42;
const NAME_ABOVE = 14;

const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";
/** Anything without a colour of its own is dark on a light page, and light on a dark one. */
const theme = "<style>svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}</style>";

/** Draws it as an SVG for light and dark pages. */
export async function drawSvg(chart: Chart): Promise<string> {
  const view = new View(parse(compile(specOf(chart)).spec), { renderer: "none" });
  try {
    const svg = await view.toSVG();
    return `${svg.replace(/^(<svg[^>]*>)/, `$1${theme}`)}\n`;
  } finally {
    view.finalize();
  }
}

/** Lines at powers of ten only: those between would cross the names. */
function logarithmic(marks: readonly Mark[]): object {
  const exponents = marks.map(({ value }) => Math.log10(value));
  const first = Math.floor(Math.min(...exponents));
  const powers = Array.from(
    { length: Math.ceil(Math.max(...exponents)) - first + 1 },
    (_, at) => 10 ** (first + at),
  );
  return { scale: { type: "log", nice: true }, axis: { values: powers } };
}

const namesAbove = {
  labelAlign: "left",
  labelPadding: 0,
  labelOffset: -NAME_ABOVE / 2 - 1,
  ticks: false,
  domain: false,
} as const;

function specOf({ marks, series, axis, kind }: Chart): TopLevelSpec {
  const names = [...new Set(marks.map(({ name }) => name))];
  const isBars = kind === "bars";
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "transparent",
    // Without a canvas Vega takes text for wider than it is, and would leave room for it.
    autosize: "none",
    padding: { top: 36, right: 6, bottom: 46, left: 6 },
    width: WIDTH,
    height: { step: ROW_HEIGHT },
    data: { values: marks.map((mark) => ({ ...mark, order: Object.keys(series).indexOf(mark.series) })) },
    mark: isBars
      ? { type: "bar", height: 12, yOffset: 6 }
      : { type: "point", filled: true, size: 90, opacity: 1, yOffset: 6 },
    encoding: {
      y: { field: "name", type: "nominal", sort: names, title: null, axis: namesAbove },
      x: { field: "value", type: "quantitative", title: axis, ...(!isBars && logarithmic(marks)) },
      color: {
        field: "series",
        type: "nominal",
        title: null,
        scale: { domain: Object.keys(series), range: Object.values(series) },
      },
      ...(isBars && { order: { field: "order", type: "quantitative" } }),
    },
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        labelColor: "currentColor",
        titleColor: "currentColor",
        titleFontWeight: "normal",
        gridColor: "currentColor",
        gridOpacity: 0.15,
        domainColor: "currentColor",
        tickColor: "currentColor",
        labelLimit: 0,
        labelFontSize: TEXT_SIZE,
        titleFontSize: TEXT_SIZE,
      },
      legend: { labelColor: "currentColor", labelFontSize: TEXT_SIZE, labelLimit: 0, orient: "top" },
    },
  };
}
