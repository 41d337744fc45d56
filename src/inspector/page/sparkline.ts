import type { RecentCounts } from "./recent.ts";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 118;
const HEIGHT = 20;

/** What ended second by second, as a small drawing next to its number; failures are red. */
export class Sparkline {
  readonly element: SVGSVGElement = document.createElementNS(SVG, "svg");
  readonly #ended = document.createElementNS(SVG, "path");
  readonly #failed = document.createElementNS(SVG, "path");
  #drawn = "";

  constructor() {
    this.element.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute("aria-hidden", "true");
    this.element.classList.add("spark");
    this.#ended.classList.add("ended");
    this.#failed.classList.add("failed");
    this.element.append(this.#ended, this.#failed);
  }

  draw({ ended, failed, known }: RecentCounts): void {
    const drawn = `${known} ${ended.join(" ")} ${failed.join(" ")}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const most = Math.max(1, ...ended);
    const first = ended.length - known;
    this.#ended.setAttribute("d", barsPath(ended, most, first));
    this.#failed.setAttribute("d", barsPath(failed, most, first));
  }
}

/** A bar for each second that is known. */
function barsPath(counts: readonly number[], most: number, first: number): string {
  const step = WIDTH / counts.length;
  return counts
    .map((count, at) => {
      if (at < first) return "";
      const height = count === 0 ? 0 : Math.max(1.5, (count / most) * (HEIGHT - 1));
      return height === 0
        ? ""
        : `M${(at * step).toFixed(1)} ${HEIGHT}v${(-height).toFixed(1)}h${(step - 0.6).toFixed(1)}V${HEIGHT}z`;
    })
    .join("");
}
