import { runAt, type Scene, type Shown } from "./scene.ts";
import type { View } from "./view.ts";

const ZOOM_PER_PIXEL = 1.002;
const SLACK_PX = 3;

/** What a pointer over the lanes does: the wheel zooms and moves, and what is under it is shown. */
export function bindPointer(
  plot: uPlot,
  view: View,
  scene: () => Scene,
  onPoint: (run: Shown | undefined) => void,
  onChange: () => void,
): void {
  const timeAt = (event: MouseEvent): number =>
    plot.posToVal(event.clientX - plot.over.getBoundingClientRect().left, "x") - scene().store.origin;

  plot.over.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (isSideways || event.shiftKey)
        view.pan((isSideways ? event.deltaX : event.deltaY) / plot.over.clientWidth);
      else view.zoom(ZOOM_PER_PIXEL ** event.deltaY, timeAt(event));
      onChange();
    },
    { passive: false },
  );
  plot.over.addEventListener("pointermove", (event) => {
    const { from, to } = scene().stretch;
    const slackMs = (SLACK_PX / plot.over.clientWidth) * (to - from);
    const y = event.clientY - plot.over.getBoundingClientRect().top;
    onPoint(runAt(scene(), timeAt(event), y, slackMs));
  });
  plot.over.addEventListener("pointerleave", () => onPoint(undefined));
  plot.over.addEventListener("dblclick", () => {
    view.reset();
    onChange();
  });
}
