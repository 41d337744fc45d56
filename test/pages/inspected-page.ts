import type { Locator, Page } from "playwright-core";

/** A run as the page's table has it. */
export interface ShownRun {
  /** `loop`, or `thread 3`. */
  readonly lane: string;
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Reads the runs in view from the table that shows them as text. */
export async function readRuns(page: Page): Promise<ShownRun[]> {
  const details = page.locator("#runs");
  if ((await details.getAttribute("open")) === null) await details.locator("summary").click();
  await details.locator("tbody tr").first().waitFor();
  return details.locator("tbody tr").evaluateAll((rows) =>
    rows.map((row) => {
      const [lane = "", name = ""] = [...row.children].map((cell) => cell.textContent ?? "");
      const { startedAt, endedAt } = (row as HTMLElement).dataset;
      return { lane, name, startedAt: Number(startedAt), endedAt: Number(endedAt) };
    }),
  );
}

/** The main thread hears of an end when its loop turns, which a busy machine delays. */
const LATE_MS = 50;

/** The pairs of runs that ran at the same time. */
export function overlapping(runs: readonly ShownRun[]): (readonly [ShownRun, ShownRun])[] {
  return runs.flatMap((one, at) =>
    runs
      .slice(at + 1)
      .filter((other) => one.startedAt < other.endedAt - LATE_MS && other.startedAt < one.endedAt - LATE_MS)
      .map((other) => [one, other] as const),
  );
}

/** How much more red than green and blue an element's background is. */
export function redness(element: Locator): Promise<number> {
  return element.evaluate((shown) => {
    const canvas = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
    canvas.fillStyle = getComputedStyle(shown).backgroundColor;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return red / Math.max(green, blue, 1);
  });
}

/** Whether an element is in the height of another, give or take some pixels. */
export async function within(element: Locator, other: Locator, slack = 1): Promise<boolean> {
  const [inner, outer] = [await element.boundingBox(), await other.boundingBox()];
  if (inner === null || outer === null) return false;
  return inner.y >= outer.y - slack && inner.y + inner.height <= outer.y + outer.height + slack;
}
