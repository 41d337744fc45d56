import { hasEnded, type Shown } from "./run.ts";
import { runAt, runBeside, type Scene } from "./scene.ts";
import type { View } from "./view.ts";

/** What the keyboard has selected. */
export interface Choice {
  /** Undefined before one is selected. */
  lane: number | undefined;
  run: Shown | undefined;
}

/** What keys and the pointer control, and what they find there. */
interface Controlled {
  readonly view: View;
  readonly scene: () => Scene;
  /** Called with the run to pin; undefined for none. */
  readonly onPin: (run: Shown | undefined) => void;
}

const PAN_PART = 0.2;

/** Makes the whole timeline accessible with the keyboard. */
export function bindKeyboard(
  element: HTMLElement,
  controlled: Controlled & { readonly choice: Choice },
  onChange: () => void,
): void {
  const commands = commandsOf(controlled);
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    const shifted = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
    const command = commands[shifted];
    if (command === undefined) return;
    event.preventDefault();
    command();
    onChange();
  });
}

function commandsOf({
  view,
  scene,
  choice,
  onPin,
}: Controlled & { readonly choice: Choice }): Readonly<Record<string, () => void>> {
  return {
    ArrowLeft: () => view.pan(-PAN_PART),
    ArrowRight: () => view.pan(PAN_PART),
    "Shift+ArrowLeft": () => chooseRun(view, scene(), choice, -1),
    "Shift+ArrowRight": () => chooseRun(view, scene(), choice, 1),
    ArrowUp: () => chooseLane(scene(), choice, -1),
    ArrowDown: () => chooseLane(scene(), choice, 1),
    "+": () => view.zoomIn(),
    "=": () => view.zoomIn(),
    "-": () => view.zoomOut(),
    "0": () => view.reset(),
    End: () => view.follow(),
    Enter: () => {
      zoomToRun(view, scene(), choice);
      if (choice.run !== undefined) onPin(choice.run);
    },
    " ": () => view.toggle(),
    Escape: () => {
      choice.run = choice.lane = undefined;
      onPin(undefined);
    },
  };
}

function chooseLane({ rows }: Scene, choice: Choice, step: 1 | -1): void {
  const at = rows.findIndex(({ lane }) => lane === choice.lane);
  choice.lane = rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.lane;
  choice.run = undefined;
}

function chooseRun(view: View, scene: Scene, choice: Choice, step: 1 | -1): void {
  view.pause();
  choice.lane ??= scene.rows[0]?.lane ?? 0;
  const from = choice.run;
  // Without a run to start from, the newest one: continuing from nothing would start at the far end.
  choice.run = runBeside(scene, choice.lane, from, from === undefined ? -1 : step) ?? from;
}

function zoomToRun(view: View, scene: Scene, { run }: Choice): void {
  if (run === undefined) return;
  const endedAt = hasEnded(run) ? run.endedAt : scene.now;
  const margin = Math.max(0.2, (endedAt - run.startedAt) / 2);
  view.show({ from: run.startedAt - margin, to: endedAt + margin });
}

const ZOOM_PER_PIXEL = 1.002;
const SLACK_PX = 3;

/** Handles a pointer over the lanes: the wheel zooms and moves, and whatever is under the pointer is shown. */
export function bindPointer(
  plot: uPlot,
  { view, scene, onPin }: Controlled,
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
  const runUnder = (event: MouseEvent): Shown | undefined => {
    const { from, to } = scene().stretch;
    const slackMs = (SLACK_PX / plot.over.clientWidth) * (to - from);
    const y = event.clientY - plot.over.getBoundingClientRect().top;
    return runAt(scene(), timeAt(event), y, slackMs);
  };
  plot.over.addEventListener("pointermove", (event) => onPoint(runUnder(event)));
  let pressedAt = 0;
  plot.over.addEventListener("pointerdown", (event) => {
    pressedAt = event.clientX;
  });
  plot.over.addEventListener("click", (event) => {
    const isDrag = Math.abs(event.clientX - pressedAt) > SLACK_PX;
    if (isDrag || event.detail > 1) return;
    const run = runUnder(event);
    if (run !== undefined) view.pause(); // the run would move on to the left
    onPin(run);
    onChange();
  });
  plot.over.addEventListener("pointerleave", () => onPoint(undefined));
  plot.over.addEventListener("dblclick", () => {
    view.reset();
    onChange();
  });
}
