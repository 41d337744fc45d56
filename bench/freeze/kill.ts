import { Connection } from "../connection.ts";
import { atMost } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { type ServerPlan, type ServerProcess, withServer } from "../server-process.ts";
import { formatNumber } from "../table.ts";
import { Ledger } from "./ledger.ts";
import { fastApiNote, findPeers, OFFLOOP, oncePerFramework, type Peer } from "./peers.ts";

const JOBS = 200;
/** Each has a connection of its own, so that every peer can receive all of them at once. */
const CONNECTIONS = JOBS;
/** If nothing has ended this long after the start, nothing will: a lost attempt is retried later. */
const PATIENCE_MS = 20_000;

interface Outcome {
  readonly name: string;
  /** How many requests were answered; each answer promises a job. */
  readonly promised: number;
  /** From the first request to the last answer, in milliseconds. */
  readonly promisingMs: number;
  readonly doneBefore: number;
  readonly doneAfter: number;
  readonly lost: number;
}

/** The process is killed when it has promised 200 jobs, and starts again. */
export async function measureKill(bench: Bench): Promise<PartResult[]> {
  const peers = findPeers(bench);
  const outcomes: Outcome[] = [];
  for (const peer of withJobs(oncePerFramework(peers))) {
    using ledger = new Ledger();
    const settings = { ...peer.settings, ledger: ledger.file };
    outcomes.push({ name: peer.name, ...(await killAndStart({ ...peer, settings }, ledger)) });
    bench.say(peer.name);
  }
  const ours = outcomes.find(({ name }) => name === `${OFFLOOP}, durable task`)?.lost ?? Number.NaN;
  return [
    {
      title: `the process is killed with ${JOBS} jobs waiting, and starts again`,
      table: {
        columns: ["", "promised", "in ms", "done before", "done after", "lost"],
        rows: outcomes.map(({ name, promised, promisingMs, doneBefore, doneAfter, lost }) => [
          name,
          formatNumber(promised),
          formatNumber(promisingMs),
          formatNumber(doneBefore),
          formatNumber(doneAfter),
          formatNumber(lost),
        ]),
      },
      notes: [
        "each request is answered when its job is promised; a job waits for 500 ms; SIGKILL comes with the last answer",
        "what each peer has by itself: a task after the response, in memory. With a queue of its own beside it (BullMQ, Celery, pg-boss) each of them can keep jobs; offloop's durable task is one word at its declaration, kept on the disk by an embedded database",
        "ten jobs run at once, which is the default of durable tasks; tasks in memory have no bound",
        "in ms: what storing costs; an answer of the others promises what memory can",
        ...fastApiNote(peers),
      ],
      goals: [atMost(0, "freeze: offloop's durable jobs lost by a kill", ours)],
      measured: outcomes,
    },
  ];
}

function withJobs(peers: readonly Peer[]): Peer[] {
  return peers.flatMap((peer) =>
    peer.name === OFFLOOP
      ? [
          { ...peer, name: `${OFFLOOP}, task in memory` },
          { ...peer, name: `${OFFLOOP}, durable task`, file: "peers/offloop-jobs" },
        ]
      : [peer],
  );
}

async function killAndStart(plan: ServerPlan, ledger: Ledger): Promise<Omit<Outcome, "name">> {
  const { promised, promisingMs } = await withServer(plan, promiseAndKill);
  const doneBefore = countOf(ledger);
  await withServer(plan, () => ledger.waitFor(promised, PATIENCE_MS));
  const done = countOf(ledger);
  return { promised, promisingMs, doneBefore, doneAfter: done - doneBefore, lost: promised - done };
}

/** How many jobs have ended at least once. */
function countOf(ledger: Ledger): number {
  return new Set(ledger.entries().map(({ id }) => id)).size;
}

async function promiseAndKill(server: ServerProcess): Promise<{ promised: number; promisingMs: number }> {
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => Connection.open(server.url)),
  );
  const startedAt = performance.now();
  let [promised, lastAt] = [0, startedAt];
  for (const [id, connection] of connections.entries())
    connection.send(`/tasks/async/${id}`, (answeredAt) => {
      promised++;
      lastAt = answeredAt;
    });
  await Promise.all(connections.map((connection) => connection.drained()));
  process.kill(server.pid, "SIGKILL");
  for (const connection of connections) connection.close();
  return { promised, promisingMs: lastAt - startedAt };
}
