import { durationText } from "./duration.ts";
import { find, setText } from "./element.ts";
import { Sparkline } from "./sparkline.ts";
import type { Store } from "./store.ts";

/** Over how many seconds fast-changing numbers are measured. */
const NOW_SECONDS = 10;

/** The figures at the top: the current load of the server, and how it copes. */
export class Strip {
  readonly #spark = new Sparkline();
  readonly #values = new Map<string, HTMLElement>();

  constructor() {
    find("#now-requests").after(this.#spark.element);
  }

  draw(store: Store): void {
    const now = store.now();
    const requests = store.recent.requests(now);
    this.#spark.draw(requests);
    const seconds = Math.min(NOW_SECONDS, requests.known);
    const ended = sum(requests.ended.slice(-NOW_SECONDS));
    this.#set("requests", seconds === 0 ? "–" : rateText(ended / seconds));
    this.#drawErrors(sum(requests.failed), sum(requests.ended));
    const p99 = store.recent.p99(now, NOW_SECONDS);
    this.#set("p99", p99 === undefined ? "–" : durationText(p99));
    this.#drawPool(store);
  }

  #drawErrors(failed: number, ended: number): void {
    const share = ended === 0 ? 0 : (failed / ended) * 100;
    const shareText = share >= 9.95 ? share.toFixed(0) : share >= 0.05 ? share.toFixed(1) : "under 0.1";
    this.#set("errors", failed === 0 ? "0" : `${failed.toLocaleString("en")} (${shareText} %)`, failed > 0);
  }

  #drawPool({ processes }: Store): void {
    const pools = processes.flatMap(({ pool }) => pool ?? []);
    const total = (of: (pool: (typeof pools)[number]) => number): number => sum(pools.map(of));
    const [busy, max, waiting] = [
      total((one) => one.busy),
      total((one) => one.max),
      total((one) => one.waiting),
    ];
    this.#set("threads", pools.length === 0 ? "none" : `${busy} of ${max}`, pools.length > 0 && busy >= max);
    this.#set("waiting", waiting.toLocaleString("en"));
    const oldest = Math.max(0, ...pools.map(({ oldestMs }) => oldestMs));
    this.#set("oldest", waiting === 0 ? "–" : durationText(oldest), oldest >= 1_000);
  }

  #set(name: string, text: string, isTrouble = false): void {
    const element = this.#values.get(name) ?? find(`#now-${name}`);
    this.#values.set(name, element);
    setText(element, text);
    element.classList.toggle("trouble", isTrouble);
  }
}

function rateText(rate: number): string {
  return rate >= 99.5 ? Math.round(rate).toLocaleString("en") : rate.toFixed(1);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
