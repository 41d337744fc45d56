import { postgresInstall, startPostgres } from "../../examples/08-pairs/servers/postgres.ts";
import { Connection } from "../connection.ts";
import { atLeast, atMost } from "../goal.ts";
import { pairedRatios, summarize } from "../statistics.ts";
import type { TrialResult } from "../trial.ts";
import { inTurn } from "../turns.ts";
import { type AskedStatement, Backlog, COMMON_KEY } from "./backlog.ts";
import { Fleet, type Started } from "./fleet.ts";
import type { JobsScale } from "./scale.ts";

const FEW = 10;
const MANY = 100_000;
const KEPT = 500_000;
/** Number of jobs in each rare state. */
const RARE = 5_000;
const SLICE_MS = 1_000;
const IN_FLIGHT = 10;

/**
 * With 100,000 waiting jobs and 500,000 ended ones: what each statement behind a list or a metric takes, and how fast
 * `GET /` is meanwhile.
 */
export async function crowd({ rounds }: JobsScale): Promise<TrialResult> {
  await using opened = new AsyncDisposableStack();
  const database = await startPostgres();
  if (database === undefined) throw new Error(`PostgreSQL is not installed: ${postgresInstall}`);
  opened.defer(() => database.stop());
  const few = opened.use(await Backlog.open(database.url, "few"));
  const many = opened.use(await Backlog.open(database.url, "many"));
  await few.fill(FEW, "created");
  await many.fill(MANY, "created");
  const ratio = await compareGet(database.url, rounds);
  await many.fill(KEPT, "completed");
  await many.fill(RARE, "completed", COMMON_KEY);
  for (const state of ["retry", "failed", "cancelled"] as const) await many.fill(RARE, state);
  const statements = await many.ask();
  return {
    figures: { "GET / beside many, in shares of that beside few": ratio, statements: statements.map(line) },
    goals: [
      atLeast(0.95, `GET / with ${MANY} waiting jobs against ${FEW}`, ratio.median),
      ...statements.map(({ question, ms }) => atMost(100, `ms for ${question}`, ms)),
    ],
  };
}

function line({ question, ms, pages, plan }: AskedStatement): string {
  return `${question}: ${ms.toFixed(2)} ms, ${pages} pages; ${plan}`;
}

/** Two processes take turns, each of which serves and looks for jobs. */
async function compareGet(url: string, rounds: number): Promise<ReturnType<typeof summarize>> {
  await using few = new Fleet({ app: "backlog-app.ts", env: { SCHEMA: "few" } });
  await using many = new Fleet({ app: "backlog-app.ts", env: { SCHEMA: "many" } });
  const sides = [await few.serve(url), await many.serve(url)].map((server) => ({
    server,
    rates: [] as number[],
  }));
  for (const { server } of sides) await requestsPerSecond(server);
  for (let round = 0; round < rounds; round++)
    for (const { server, rates } of inTurn(sides, round)) rates.push(await requestsPerSecond(server));
  return summarize(pairedRatios(sides[1]?.rates ?? [], sides[0]?.rates ?? []));
}

async function requestsPerSecond({ url }: Started): Promise<number> {
  const connection = await Connection.open(url);
  const until = performance.now() + SLICE_MS;
  let answered = 0;
  const next = (): void =>
    connection.send("/", (at) => {
      answered++;
      if (at < until) next();
    });
  for (let sent = 0; sent < IN_FLIGHT; sent++) next();
  await connection.drained();
  connection.close();
  return (answered * 1_000) / SLICE_MS;
}
