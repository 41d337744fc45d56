import { setTimeout } from "node:timers/promises";
import type { Ready } from "../serve.ts";
import { inMs } from "./figures.ts";
import { get } from "./request.ts";
import type { Figures, Row, Section } from "./row.ts";
import { warmUp } from "./warm-up.ts";

type Kind = "plain" | "async";

/** The kind of task, and FastAPI's result. */
const cases: readonly (readonly [Kind, Figures])[] = [
  ["plain", ["1.5", "1.3"]],
  ["async", ["1.6", "9500"]],
];

/** How another request fares while a task blocks. */
export function blocking(app: Ready, seconds: number): Section {
  return {
    title: "3. A blocking background task: who notices",
    about: `A request that adds a task which blocks for ${blockSeconds(seconds)} s (FastAPI: 10 s); GET /ping a moment later.`,
    names: ["answered in, ms", "GET /ping, ms"],
    rows: measureAll(app, blockSeconds(seconds)),
  };
}

/** Ten seconds, where the other waits are three. */
function blockSeconds(seconds: number): number {
  return Math.round((seconds * 100) / 3) / 10;
}

async function* measureAll(app: Ready, seconds: number): AsyncGenerator<Row> {
  const waitMs = seconds * 1000;
  for (const [kind, fastapi] of cases) {
    await warmUp(app);
    const answer = await get(`${app.url}/blocking?as_async=${kind === "async"}&seconds=${seconds}`);
    await setTimeout(waitMs / 20); // half a second of ten: the task is in the middle of it
    const ping = await get(`${app.url}/ping`);
    yield {
      what: `${kind} task that blocks`,
      requests: 1,
      figures: [inMs(answer.ms), inMs(ping.ms)],
      fastapi,
      measured: { answerMs: answer.ms, pingMs: ping.ms },
      expected: [
        { what: "ok at once", held: answer.ms < 0.1 * waitMs },
        kind === "async"
          ? { what: "ping waits: frozen", held: ping.ms > 0.8 * waitMs }
          : { what: "ping stays fast", held: ping.ms < 0.1 * waitMs },
      ],
    };
  }
}
