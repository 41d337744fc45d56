import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, serve } from "offloop";
import { fromPglite, PgBoss } from "pg-boss";
import { postgresInstall, startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { openDatabase } from "../../src/jobs/embedded/embedded-thread.ts";

/** How many jobs run at once, on either side. */
export const CONCURRENCY = 10;
const QUEUE = "nothing";

/** One of two sides that take turns: pg-boss alone, or offloop. */
export interface CostSide {
  readonly name: string;
  /** Stores a job. */
  enqueue(runAt?: Date): Promise<unknown>;
  /** Called for every run. When to start working on jobs is up to each side. */
  onRun: () => void;
}

/** Two sides on one kind of database. */
export interface CostSides extends AsyncDisposable {
  readonly ours: CostSide;
  readonly bare: CostSide;
}

/** Each side with its own schema, in one PostgreSQL that writes to the disk. */
export async function onPostgres(): Promise<CostSides> {
  await using opened = new AsyncDisposableStack();
  const database = await startPostgres({ fsync: "on" });
  if (database === undefined) throw new Error(`PostgreSQL is not installed: ${postgresInstall}`);
  opened.defer(() => database.stop());
  const ours = await openOurs({ url: database.url }, opened);
  const bare = await openBare(
    new PgBoss({ connectionString: database.url, max: 10, schema: "bare", useListenNotify: true }),
    opened,
  );
  return owned({ ours, bare }, opened);
}

/** Each side with its own PGlite: for pg-boss alone it runs on the loop, as in its documentation; both use fsync. */
export async function onPglite(): Promise<CostSides> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "offloop-cost-"));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const ours = await openOurs({ dir: join(folder, "ours") }, opened);
  const own = join(folder, "bare");
  mkdirSync(own);
  const pglite = await openDatabase(own);
  opened.defer(() => pglite.close());
  const bare = await openBare(
    new PgBoss({ db: fromPglite(pglite), backend: "pglite", schema: "bare", useListenNotify: true }),
    opened,
  );
  return owned({ ours, bare }, opened);
}

/** offloop embedded, with nothing of the other side in the process: its PGlite would block the loop that is measured. */
export async function onPgliteAlone(): Promise<Pick<CostSides, "ours"> & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "offloop-cost-"));
  opened.defer(() => rmSync(dir, { recursive: true, force: true }));
  const ours = await openOurs({ dir }, opened);
  const rest = opened.move();
  return { ours, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

function owned(sides: Omit<CostSides, keyof AsyncDisposable>, opened: AsyncDisposableStack): CostSides {
  const rest = opened.move();
  return { ...sides, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}

async function openOurs(
  jobs: { readonly url: string } | { readonly dir: string },
  opened: AsyncDisposableStack,
): Promise<CostSide> {
  const app = new App({ jobs: { ...jobs, concurrency: CONCURRENCY, pollMs: 500 }, watch: false });
  const task = app.task(QUEUE, { durable: true }, async (_: number) => side.onRun());
  const side: CostSide = {
    name: "offloop",
    enqueue: (at) => (at === undefined ? task.enqueue(1) : task.with({ at }).enqueue(1)),
    onRun: () => {},
  };
  const server = await serve(app, { port: 0, signals: false, logLevel: "error" });
  opened.defer(() => server.close());
  return side;
}

/** With workers that wake each other, its fastest way to run each job by itself. */
async function openBare(boss: PgBoss, opened: AsyncDisposableStack): Promise<CostSide> {
  const side: CostSide = {
    name: "pg-boss",
    enqueue: (startAfter) => boss.send(QUEUE, { args: [1] }, startAfter === undefined ? {} : { startAfter }),
    onRun: () => {},
  };
  boss.on("error", (error) => console.error(error));
  await boss.start();
  opened.defer(() => boss.stop({ graceful: false }));
  await boss.createQueue(QUEUE, { notify: true, retryLimit: 5, retryBackoff: true, heartbeatSeconds: 10 });
  for (let worker = 0; worker < CONCURRENCY; worker++) {
    let id = "";
    id = await boss.work(
      QUEUE,
      { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 1 },
      async () => {
        boss.notifyWorker(id);
        side.onRun();
      },
    );
  }
  return side;
}
