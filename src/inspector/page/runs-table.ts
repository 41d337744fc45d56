import { clockText, durationText } from "./duration.ts";
import { find, keepTableRoles, make, wrappable } from "./element.ts";
import { labelOf } from "./lane.ts";
import { requestAddress } from "./route.ts";
import { outcomeOf, type Run } from "./run.ts";
import type { Scene } from "./scene.ts";

const MAX_ROWS = 200;
const runColumns = ["lane", "name", "request", "started", "waited", "ran", "outcome"];

/** The runs of the visible period as text, for those who cannot see the drawing; only while it is unfolded. */
export class RunsTable {
  readonly #details = find<HTMLDetailsElement>("#runs");
  readonly #body = find("#runs tbody");
  #drawn = "";

  constructor() {
    keepTableRoles(find<HTMLTableElement>("#runs table"));
  }

  draw(scene: Scene): void {
    if (!this.#details.open) return;
    const { store, stretch, filter } = scene;
    const runs: Run[] = [];
    for (let at = store.runs.length - 1; at >= 0 && runs.length < MAX_ROWS; at--) {
      const run = store.runs[at] as Run;
      if (run.endedAt >= stretch.from && run.startedAt <= stretch.to && filter.matches(run.name))
        runs.push(run);
    }
    const key = `${store.origin} ${runs.length} ${runs[0]?.endedAt} ${runs.at(-1)?.endedAt} ${store.endsKnown}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#body.replaceChildren(...runs.map((run) => rowOf(scene, run)));
  }
}

function rowOf({ store }: Scene, run: Run): HTMLTableRowElement {
  const { lane, handedAt, startedAt, endedAt, request } = run;
  const contents: readonly (readonly (Node | string)[])[] = [
    [lane === null ? "none" : labelOf(lane)],
    wrappable(store.names[run.name]?.name ?? "?"),
    [request === null ? "–" : requestLink(request)],
    [clockText(store.origin + startedAt)],
    [durationText(startedAt - handedAt)],
    [durationText(endedAt - startedAt)],
    [outcomeOf(store, run)],
  ];
  const cells = contents.map((content, at) => {
    const cell = make("td", "", ...content);
    cell.dataset.column = runColumns[at];
    cell.role = "cell";
    return cell;
  });
  const row = make("tr", "", ...cells);
  row.role = "row";
  row.dataset.startedAt = String(startedAt);
  row.dataset.endedAt = String(endedAt);
  return row;
}

function requestLink(request: string): HTMLAnchorElement {
  const link = make("a", "", request);
  link.href = requestAddress(request);
  return link;
}
