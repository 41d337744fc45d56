import { hasEnded, runAt, runBeside, type Scene, type Shown } from "./scene.ts";
import type { View } from "./view.ts";

/** What is chosen with the keyboard. */
export interface Choice {
  /** The lane; undefined before one is chosen. */
  thread: number | undefined;
  run: Shown | undefined;
}

/** What keys and the pointer move, and what they find there. */
interface Controlled {
  readonly view: View;
  readonly scene: () => Scene;
}

const PAN_PART = 0.2;

/** Makes all of the timeline reachable with the keyboard. */
export function bindKeyboard(
  element: HTMLElement,
  { view, scene, choice }: Controlled & { readonly choice: Choice },
  onChange: () => void,
): void {
  const commands = commandsOf(view, scene, choice);
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

function commandsOf(view: View, scene: () => Scene, choice: Choice): Readonly<Record<string, () => void>> {
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
    Enter: () => zoomToRun(view, scene(), choice),
    " ": () => view.toggle(),
    Escape: () => {
      choice.run = choice.thread = undefined;
    },
  };
}

function chooseLane({ rows }: Scene, choice: Choice, step: 1 | -1): void {
  const at = rows.findIndex(({ thread }) => thread === choice.thread);
  choice.thread = rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.thread;
  choice.run = undefined;
}

function chooseRun(view: View, scene: Scene, choice: Choice, step: 1 | -1): void {
  view.pause();
  choice.thread ??= 0;
  const from = choice.run;
  // Without a run to go on from, the newest one: going on from nothing would start at the far end.
  choice.run = runBeside(scene, choice.thread, from, from === undefined ? -1 : step) ?? from;
}

function zoomToRun(view: View, scene: Scene, { run }: Choice): void {
  if (run === undefined) return;
  const endedAt = hasEnded(run) ? run.endedAt : scene.now;
  const margin = Math.max(0.2, (endedAt - run.startedAt) / 2);
  view.show({ from: run.startedAt - margin, to: endedAt + margin });
}

const ZOOM_PER_PIXEL = 1.002;
const SLACK_PX = 3;

/** What a pointer over the lanes does: the wheel zooms and moves, and what is under it is shown. */
export function bindPointer(
  plot: uPlot,
  { view, scene }: Controlled,
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
