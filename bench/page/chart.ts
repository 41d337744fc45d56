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

function specOf({ marks, series, axis, kind }: Chart): TopLevelSpec {
  const names = [...new Set(marks.map(({ name }) => name))];
  const isBars = kind === "bars";
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "transparent",
    width: 520,
    height: { step: 24 },
    data: { values: marks.map((mark) => ({ ...mark, order: Object.keys(series).indexOf(mark.series) })) },
    mark: isBars ? { type: "bar", height: 12 } : { type: "point", filled: true, size: 80, opacity: 1 },
    encoding: {
      y: { field: "name", type: "nominal", sort: names, title: null },
      x: { field: "value", type: "quantitative", title: axis, ...(!isBars && { scale: { type: "log" } }) },
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
        labelLimit: 240,
      },
      legend: { labelColor: "currentColor", orient: "top" },
    },
  };
}
