import { setTimeout as sleep } from "node:timers/promises";
import type { DatabaseServer } from "../../examples/08-pairs/servers/database-server.ts";
import { postgresInstall, startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { atLeast, atMost } from "../goal.ts";
import type { TrialResult } from "../trial.ts";
import { ended, Fleet, type Started } from "./fleet.ts";
import { type JobsTally, Ledger } from "./ledger.ts";
import { StallingProxy } from "./proxy.ts";
import type { JobsScale } from "./scale.ts";

type FaultScale = Pick<JobsScale, "jobs" | "kills">;

const WORKERS = 3;
const SECOND_MS = 1_000;
/** Longer than a job may be without a heartbeat: it is given to another process. */
const CUT_MS = 15_000;
/** Shorter than the longest job: a process that is replaced must break some off. */
const GRACE_MS = "300";

/** The only process is killed while it serves and works, with embedded jobs. */
export async function killEmbedded({ jobs, kills }: FaultScale): Promise<TrialResult> {
  await using fleet = new Fleet();
  const ledger = new Ledger();
  let server = await fleet.serve();
  await ledger.enqueue(() => server, Math.floor(jobs / 2));
  const enqueued = ledger.enqueue(() => server, Math.ceil(jobs / 2), (kills * 2 * SECOND_MS) / jobs);
  for (let killed = 0; killed < kills; killed++) {
    await sleep(Math.random() * 2 * SECOND_MS);
    await ended(server.child, "SIGKILL");
    server = await fleet.serve();
  }
  await enqueued;
  return survived(await ledger.tally(fleet, server));
}

/** Three processes work on one PostgreSQL; every other one is killed, and the database goes away twice. */
export async function killWorkers({ jobs, kills }: FaultScale): Promise<TrialResult> {
  await using place = await openFleet();
  const { fleet, database, server, ledger } = place;
  const workers = await startWorkers(fleet, database.url);
  const enqueued = enqueueMeanwhile(ledger, server, jobs, kills * SECOND_MS);
  const restarts = new Set([Math.floor(kills / 3), Math.floor((2 * kills) / 3)]);
  for (let killed = 0; killed < kills; killed++) {
    await sleep(SECOND_MS);
    const at = Math.floor(Math.random() * WORKERS);
    await ended((workers[at] as Started).child, "SIGKILL");
    if (restarts.has(killed)) await database.restart();
    workers[at] = await fleet.work(database.url);
  }
  await enqueued;
  return survived(await ledger.tally(fleet, server));
}

/** The network between one of the processes and the database stops for longer than a heartbeat, and comes back. */
export async function cutNetwork({ jobs }: Pick<FaultScale, "jobs">): Promise<TrialResult> {
  await using place = await openFleet();
  const { fleet, database, server, ledger } = place;
  await using proxy = await StallingProxy.open(database.url);
  const cutOff = await fleet.work(proxy.url);
  await startWorkers(fleet, database.url, WORKERS - 1);
  const burst = Math.floor(jobs / 3);
  const enqueued = enqueueMeanwhile(ledger, server, jobs - burst, 2 * CUT_MS);
  await sleep(SECOND_MS);
  proxy.cut();
  await sleep(CUT_MS);
  const before = new Date();
  proxy.mend();
  await enqueued;
  // The others, without a proxy, are there first for a single job. Of more than they have places for, it gets some.
  await ledger.enqueue(() => server, burst);
  const tally = await ledger.tally(fleet, server);
  const doneByCutOff = await ledger.doneBy(server, cutOff.child.pid as number, before);
  const { figures, goals } = survived(tally);
  const back = atLeast(1, "jobs that the process that was cut off ended afterwards", doneByCutOff);
  return { figures: { ...figures, doneByCutOff }, goals: [...goals, back] };
}

/** Each of three processes under load is replaced, with the new one started first. */
export async function deploy({ jobs, kills }: FaultScale): Promise<TrialResult> {
  await using place = await openFleet({ GRACE_MS });
  const { fleet, database, server, ledger } = place;
  const workers = await startWorkers(fleet, database.url);
  const enqueued = enqueueMeanwhile(ledger, server, jobs, kills * 2 * SECOND_MS);
  for (let replaced = 0; replaced < kills; replaced++) {
    await sleep(SECOND_MS);
    workers.push(await fleet.work(database.url));
    const code = await ended((workers.shift() as Started).child, "SIGTERM");
    if (code !== 0) throw new Error(`a worker that was told to end exited with ${code}`);
  }
  await enqueued;
  const tally = await ledger.tally(fleet, server);
  const { figures, goals } = survived(tally);
  return { figures, goals: [...goals, atMost(0, "attempts burnt", tally.burnt)] };
}

/** A database with a process that serves, while nobody works yet. */
interface FleetPlace extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly database: DatabaseServer;
  readonly server: Started;
  readonly ledger: Ledger;
}

async function openFleet(env: Readonly<Record<string, string>> = {}): Promise<FleetPlace> {
  await using opened = new AsyncDisposableStack();
  const database = await startPostgres();
  if (database === undefined) throw new Error(`PostgreSQL is not installed: ${postgresInstall}`);
  opened.defer(() => database.stop());
  const fleet = opened.use(new Fleet({ env }));
  const server = await fleet.serveOnly(database.url);
  const rest = opened.move();
  return {
    fleet,
    database,
    server,
    ledger: new Ledger(),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

function startWorkers(fleet: Fleet, url: string, count: number = WORKERS): Promise<Started[]> {
  return Promise.all(Array.from({ length: count }, () => fleet.work(url)));
}

/** Half at once, the rest during the faults. */
async function enqueueMeanwhile(ledger: Ledger, server: Started, jobs: number, ms: number): Promise<void> {
  await ledger.enqueue(() => server, Math.floor(jobs / 2));
  await ledger.enqueue(() => server, Math.ceil(jobs / 2), (2 * ms) / jobs);
}

/** What no fault excuses. */
function survived(figures: JobsTally): TrialResult {
  const { lost, stuck, dead, ranTwiceForNothing } = figures;
  const goals = [
    atMost(0, "jobs lost", lost),
    atMost(0, "jobs stuck", stuck),
    atMost(0, "jobs dead", dead),
    atMost(0, "jobs that ran twice, with no attempt lost or broken off", ranTwiceForNothing),
  ];
  return { figures, goals };
}
