import type { Batch } from "../batch.ts";
import { bindKeyboard, bindPointer, type Choice } from "./controls.ts";
import { find, setText } from "./element.ts";
import { FiguresTable } from "./figures-table.ts";
import { Marks } from "./incident-marks.ts";
import { IncidentsList } from "./incidents.ts";
import { JobsView } from "./jobs.ts";
import type { Incident } from "./known-incidents.ts";
import { labelOf } from "./lane.ts";
import { LaneLabels } from "./lane-labels.ts";
import { Pin } from "./pin.ts";
import { bindViews, requestAddress } from "./route.ts";
import { layoutRows } from "./rows.ts";
import type { Shown } from "./run.ts";
import { RunsTable } from "./runs-table.ts";
import type { Scene } from "./scene.ts";
import { Status } from "./status.ts";
import { Store } from "./store.ts";
import { StoryView } from "./story-view.ts";
import { openStream, type Stream } from "./stream.ts";
import { Strip } from "./strip.ts";
import { bindTheme, type Palette, readPalette } from "./theme.ts";
import { type Place, Timeline } from "./timeline.ts";
import { describeRun, Tip } from "./tip.ts";
import { Filter, Tools } from "./tools.ts";
import { type Stretch, View } from "./view.ts";
import { countWaiting } from "./waiting.ts";

const FRAME_MS = 50;
/** For users who prefer reduced motion. */
const CALM_FRAME_MS = 500;
const TEXT_MS = 500;
const WAITING_STEPS = 240;
const LANES = "#/lanes";

/** The page: what it knows, which part of it is viewed, and what draws it. */
class Inspection {
  readonly #store = new Store();
  readonly #view = new View(() => this.#store.now());
  readonly #filter = new Filter(this.#store);
  readonly #pin = new Pin();
  readonly #choice: Choice = { lane: undefined, run: undefined };
  readonly #status = new Status();
  readonly #strip = new Strip();
  readonly #labels = new LaneLabels();
  readonly #tip = new Tip();
  readonly #runs = new RunsTable();
  readonly #story = new StoryView(
    (stretch) => this.#show(stretch),
    () => this.#pinRun(undefined),
  );
  readonly #incidents = new IncidentsList((incident) => this.#show(around(incident)));
  readonly #marks = new Marks((incident) => {
    this.#incidents.draw(this.#store); // the list is updated less often than the marks
    this.#incidents.open(incident);
  });
  readonly #tools = new Tools(this.#store, this.#view, this.#filter, () => this.#change());
  readonly #figures = new FiguresTable((name) => this.#tools.toggleFilter(name));
  #palette: Palette = readPalette();
  #scene: Scene = this.#look();
  readonly #timeline = new Timeline(
    this.#scene,
    (stretch) => this.#show(stretch),
    (place) => this.#place(place),
  );
  #pointed: Shown | undefined;
  /** Whether what an address has pinned still has to be scrolled into view. */
  #isSought = false;
  #isDirty = true;
  #drawnAt = 0;
  #writtenAt = 0;
  /** Whether the lanes are being viewed. */
  isShown = true;

  start(): void {
    bindTheme(() => this.#recolour());
    const controlled = {
      view: this.#view,
      scene: () => this.#scene,
      onPin: (run: Shown | undefined) => this.#pinRun(run),
    };
    bindPointer(
      this.#timeline.lanes,
      controlled,
      (run) => this.#point(run),
      () => this.#change(),
    );
    bindKeyboard(find("#lanes"), { ...controlled, choice: this.#choice }, () => {
      this.#change();
      this.#speak();
    });
    new ResizeObserver(() => this.#change()).observe(find("#lanes"));
    const stream = openStream(
      () => this.#restart(),
      (batch) => this.#take(batch),
    );
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const frame = (at: number): void => {
      const isDue = at - this.#drawnAt >= (calm.matches ? CALM_FRAME_MS : FRAME_MS);
      if (this.isShown && (this.#isDirty || (isDue && this.#view.isLive))) this.#draw(at);
      if (at - this.#writtenAt >= TEXT_MS) this.#write(at, stream);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Pins the request that an address names; undefined: pins nothing. */
  pinRequest(request: string | undefined): void {
    if (request === this.#pin.request && (request !== undefined || !this.#pin.isSet)) return;
    if (request === undefined) this.#pin.clear();
    else this.#pin.pinRequest(request);
    this.#isSought = request !== undefined;
    this.#change();
    this.#writtenAt = 0;
  }

  /** Puts a run's request into the address, so that it can be shared. */
  #pinRun(run: Shown | undefined): void {
    const request = run?.request ?? undefined;
    if (request !== undefined) this.#pin.pinRequest(request);
    else if (run !== undefined) this.#pin.pinRun(run);
    else this.#pin.clear();
    this.#isSought = false;
    if (request !== undefined) location.hash = requestAddress(request);
    else if (location.hash.startsWith(requestAddress(""))) history.pushState(undefined, "", LANES);
    this.#change();
    this.#writtenAt = 0;
  }

  #restart(): void {
    this.#store.restart();
    this.#marks.clear();
    this.#choice.run = this.#pointed = undefined;
    this.#change();
  }

  #take(batch: Batch): void {
    const { server } = this.#store;
    this.#store.take(batch);
    if (batch.hello === undefined) return;
    const { title } = batch.hello;
    // Another server: at the time where the view was stopped, it has nothing to show.
    if (server !== this.#store.server) {
      this.#view.follow();
      this.#marks.clear();
    }
    find("#title").textContent = title;
    document.title = `${title} - Inspector`;
    this.#change();
  }

  #recolour(): void {
    this.#palette = readPalette();
    this.#change();
    this.#writtenAt = 0;
    // A page about to be printed is drawn before anything else happens.
    if (this.isShown && this.#store.heardAt > 0) this.#draw(performance.now());
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
      pin: this.#pin,
      palette: this.#palette,
      now: this.#store.now(),
      lane: this.#choice.lane,
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
    this.#labels.draw(this.#scene, place.top);
    this.#tip.draw(this.#scene, this.#pointed ?? this.#choice.run, place);
  }

  /** Writes what would be unreadable if it changed with every frame. */
  #write(at: number, stream: Stream): void {
    this.#writtenAt = at;
    this.#status.draw(this.#store, !this.isShown || this.#view.isLive, stream.isConnected);
    if (!this.isShown) return;
    this.#strip.draw(this.#store);
    const found = this.#story.draw(this.#scene);
    if (this.#isSought && found !== undefined) {
      this.#isSought = false;
      this.#show(found);
      this.#story.reveal();
    }
    this.#incidents.draw(this.#store);
    this.#figures.draw(this.#store, this.#filter, this.#palette);
    this.#runs.draw(this.#scene);
    this.#writeFacts();
  }

  #writeFacts(): void {
    const { lost, processes } = this.#store;
    const living = processes.filter(({ isGone }) => !isGone);
    const threads = living.reduce((sum, one) => sum + one.threads.length, 0);
    const open = living.reduce((sum, { running }) => sum + running.loop, 0);
    const waiting = this.#store.presumed().filter(({ lane }) => lane === undefined).length;
    const facts = [
      ...(living.length > 1 ? [`${living.length} workers`] : []),
      `${threads} ${threads === 1 ? "thread" : "threads"}`,
      `${open} open on the loop${living.length > 1 ? "s" : ""}`,
      `${waiting} waiting`,
      ...(lost === 0 ? [] : [`${lost.toLocaleString("en")} runs not shown`]),
    ];
    setText(find("#facts"), facts.join(" · "));
    setText(find("#waiting-text"), `${waiting} waiting now.`);
  }

  #point(run: Shown | undefined): void {
    if (run === this.#pointed) return;
    this.#pointed = run;
    this.#isDirty = true;
  }

  #speak(): void {
    const { lane, run } = this.#choice;
    const text = lane === undefined ? "" : labelOf(lane);
    find("#spoken").textContent = run === undefined ? text : describeRun(this.#scene, run).join(", ");
  }

  #show(stretch: Stretch): void {
    this.#view.show(stretch);
    this.#change();
    find("#lanes").scrollIntoView({ block: "nearest" });
  }
}

function around({ at, durationMs }: Incident): Stretch {
  const margin = Math.max(50, durationMs / 2);
  return { from: at - margin, to: at + durationMs + margin };
}

const inspection = new Inspection();
const jobs = new JobsView();
inspection.start();
bindViews((route) => {
  inspection.isShown = route.view === "lanes";
  if (route.view === "lanes") inspection.pinRequest(route.request);
  jobs.show(route);
});
