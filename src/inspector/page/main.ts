import type { Batch, Incident } from "../batch.ts";
import { bindKeyboard, bindPointer, type Choice } from "./controls.ts";
import { durationText } from "./duration.ts";
import { find, make } from "./element.ts";
import { IncidentsList, Marks } from "./incidents.ts";
import { JobsView } from "./jobs.ts";
import { Filter, labelOf, layoutRows, type Scene, type Shown } from "./scene.ts";
import { Store } from "./store.ts";
import { FiguresTable, RunsTable } from "./tables.ts";
import { bindTheme, type Palette, readPalette } from "./theme.ts";
import { type Place, Timeline } from "./timeline.ts";
import { describeRun, Tip } from "./tip.ts";
import { Tools } from "./tools.ts";
import { View } from "./view.ts";
import { bindViews } from "./views.ts";
import { countWaiting } from "./waiting.ts";

const FRAME_MS = 50;
/** For those who asked for less motion. */
const CALM_FRAME_MS = 500;
const TEXT_MS = 500;
const WAITING_STEPS = 240;

/** The page: what it knows, what of it is looked at, and what draws it. */
class Inspection {
  readonly #store = new Store();
  readonly #view = new View(() => this.#store.now());
  readonly #filter = new Filter(this.#store);
  readonly #choice: Choice = { thread: undefined, run: undefined };
  readonly #status = new Status();
  readonly #labels = new LaneLabels();
  readonly #tip = new Tip();
  readonly #runs = new RunsTable();
  readonly #incidents = new IncidentsList((incident) => this.#show(incident));
  readonly #marks = new Marks((incident) => {
    this.#incidents.draw(this.#store); // the list is written less often than the marks
    this.#incidents.open(incident);
  });
  readonly #tools = new Tools(this.#store, this.#view, this.#filter, () => this.#change());
  readonly #figures = new FiguresTable((name) => this.#tools.toggleFilter(name));
  #palette: Palette = readPalette();
  #scene: Scene = this.#look();
  readonly #timeline = new Timeline(
    this.#scene,
    (stretch) => {
      this.#view.show(stretch);
      this.#change();
    },
    (place) => this.#place(place),
  );
  #pointed: Shown | undefined;
  #origin = 0;
  #isDirty = true;
  #drawnAt = 0;
  #writtenAt = 0;
  /** Whether the lanes are looked at. */
  isShown = true;

  start(): void {
    bindTheme(() => {
      this.#palette = readPalette();
      this.#change();
    });
    const scene = (): Scene => this.#scene;
    bindPointer(
      this.#timeline.lanes,
      { view: this.#view, scene },
      (run) => this.#point(run),
      () => this.#change(),
    );
    bindKeyboard(find("#lanes"), { view: this.#view, scene, choice: this.#choice }, () => {
      this.#change();
      this.#speak();
    });
    new ResizeObserver(() => this.#change()).observe(find("#lanes"));
    const stream = openStream((batch) => {
      this.#store.take(batch);
      if (batch.hello !== undefined) this.#greet();
    });
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const frame = (at: number): void => {
      const isDue = at - this.#drawnAt >= (calm.matches ? CALM_FRAME_MS : FRAME_MS);
      if (this.isShown && (this.#isDirty || (isDue && this.#view.isLive))) this.#draw(at);
      if (at - this.#writtenAt >= TEXT_MS) this.#write(at, stream);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  #greet(): void {
    const { title, origin } = this.#store;
    // Another server: where the view has stopped there is nothing of it.
    if (origin !== this.#origin) this.#view.follow();
    this.#origin = origin;
    find("#title").textContent = title;
    document.title = `${title} - Inspector`;
    this.#choice.run = this.#pointed = undefined;
    this.#change();
  }

  #change(): void {
    this.#isDirty = true;
    this.#store.keepsAll = !this.#view.isLive;
  }

  #look(): Scene {
    const { stretch } = this.#view;
    return {
      store: this.#store,
      rows: layoutRows(this.#store, stretch),
      stretch,
      filter: this.#filter,
      palette: this.#palette,
      now: this.#store.now(),
    };
  }

  #draw(at: number): void {
    this.#isDirty = false;
    this.#drawnAt = at;
    this.#scene = this.#look();
    const { runs } = this.#store;
    const { stretch } = this.#scene;
    this.#timeline.draw(this.#scene, countWaiting(runs, this.#store.presumed(), stretch, WAITING_STEPS));
    this.#tools.draw(this.#store, this.#view);
  }

  #place(place: Place): void {
    this.#marks.draw(this.#scene, place);
    this.#labels.draw(this.#scene, place.top, this.#choice.thread);
    this.#tip.draw(this.#scene, this.#pointed ?? this.#choice.run, place);
  }

  /** What would be unreadable if it changed with every frame. */
  #write(at: number, stream: Stream): void {
    this.#writtenAt = at;
    const { lost, running, threads } = this.#store;
    this.#status.draw(this.#store, !this.isShown || this.#view.isLive, stream.isConnected);
    if (!this.isShown) return;
    this.#incidents.draw(this.#store);
    this.#figures.draw(this.#store, this.#filter, this.#palette);
    this.#runs.draw(this.#scene);
    const waiting = this.#store.presumed().filter(({ thread }) => thread === undefined).length;
    const missing = lost === 0 ? "" : ` · ${lost.toLocaleString("en")} runs not shown`;
    find("#facts").textContent =
      `${threads.length} ${threads.length === 1 ? "thread" : "threads"} · ${running.loop} open on the loop · ${waiting} waiting${missing}`;
    find("#waiting-text").textContent = `${waiting} waiting now.`;
  }

  #point(run: Shown | undefined): void {
    if (run === this.#pointed) return;
    this.#pointed = run;
    this.#isDirty = true;
  }

  #speak(): void {
    const { thread, run } = this.#choice;
    const lane = thread === undefined ? "" : labelOf(thread);
    find("#spoken").textContent = run === undefined ? lane : describeRun(this.#scene, run).join(", ");
  }

  #show({ at, durationMs }: Incident): void {
    const margin = Math.max(50, durationMs / 2);
    this.#view.show({ from: at - margin, to: at + durationMs + margin });
    this.#change();
    find("#lanes").focus();
  }
}

/** The names of the lanes, left of them. */
class LaneLabels {
  readonly #root = find("#labels");
  #drawn = "";

  draw({ rows, store }: Scene, top: number, chosen: number | undefined): void {
    const { loop } = store.running;
    const key = JSON.stringify([rows, top, loop, chosen]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const labels = rows.map((row) => {
      const note = row.thread === 0 && loop > 0 ? [make("small", "", `${loop} open`)] : [];
      const label = make("div", "label", make("span", "", labelOf(row.thread)), ...note);
      label.classList.toggle("gone", row.gone);
      label.classList.toggle("chosen", row.thread === chosen);
      label.dataset.thread = String(row.thread);
      label.style.top = `${top + row.top}px`;
      label.style.height = `${row.height}px`;
      return label;
    });
    this.#root.replaceChildren(...labels);
  }
}

/** The server tells something at least twice a second; a blocked loop cannot. */
const SILENCE_MS = 1_200;

/** Says whether what is seen is now. */
class Status {
  readonly #element = find("#status");

  draw(store: Store, isLive: boolean, isConnected: boolean): void {
    const silentMs = performance.now() - store.heardAt;
    if (!isConnected) this.#say("lost", "not connected");
    else if (silentMs > SILENCE_MS) this.#say("silent", `silent for ${durationText(silentMs)}`);
    else if (!isLive) this.#say("paused", "paused");
    else this.#say("live", "live");
  }

  #say(state: string, text: string): void {
    if (this.#element.textContent === text) return;
    this.#element.dataset.state = state;
    this.#element.textContent = text;
  }
}

/** What the server tells, as it happens. The browser connects anew by itself. */
interface Stream {
  readonly isConnected: boolean;
}

function openStream(onBatch: (batch: Batch) => void): Stream {
  const source = new EventSource(new URL("events", import.meta.url));
  source.addEventListener("message", (event) => onBatch(JSON.parse(event.data as string) as Batch));
  return {
    get isConnected() {
      return source.readyState === EventSource.OPEN;
    },
  };
}

const inspection = new Inspection();
const jobs = new JobsView();
inspection.start();
bindViews((route) => {
  inspection.isShown = route.view === "lanes";
  jobs.show(route);
});
