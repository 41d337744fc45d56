import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { appFolder } from "../fixtures/app-folder.ts";
import { added, calmHour, errors, HOUR, held, INTERVAL_S, inputSeries, runs, type Series } from "./series.ts";

const rules = fileURLToPath(new URL("../../operating/alerts.yml", import.meta.url));
const isInstalled = spawnSync("promtool", ["--version"]).error === undefined;

/** The scrape that is the first to see that something is wrong. */
const ONSET = 120;

/** Skips loudly where promtool is missing. */
function rulesTest(name: string, run: (t: TestContext) => void): void {
  test(name, (t) => {
    if (!isInstalled) return t.skip("promtool is not installed: Debian's package prometheus has it");
    run(t);
  });
}

const dead = 'offloop_jobs{task="resize",state="dead"}';

/** Which alerts fire after a scrape, with how many series each. */
interface Expected {
  readonly scrape: number;
  readonly firing: readonly string[];
}

/** Has promtool evaluate the rules against series. YAML is a superset of JSON. */
function assertFires(series: Series, expected: readonly Expected[]): void {
  const promql_expr_test = expected.map(({ scrape, firing }) => ({
    expr: 'sum by (alertname) (ALERTS{alertstate="firing"})',
    eval_time: `${scrape * INTERVAL_S}s`,
    exp_samples: firing.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
  }));
  runPromtool({ interval: `${INTERVAL_S}s`, input_series: inputSeries(series), promql_expr_test });
}

function runPromtool(unit: object): void {
  const folder = appFolder({
    "alerts.test.yml": JSON.stringify({
      rule_files: [rules],
      evaluation_interval: `${INTERVAL_S}s`,
      tests: [unit],
    }),
  });
  const { status, stdout, stderr } = spawnSync(
    "promtool",
    ["test", "rules", folder.path("alerts.test.yml")],
    {
      encoding: "utf8",
    },
  );
  assert.equal(status, 0, stdout + stderr);
}

rulesTest("promtool check rules finds seven alerts and nothing wrong with them", () => {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", rules], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /SUCCESS: 7 rules found/);
});

rulesTest("no alert fires in a calm hour, whichever scrape one looks after", () => {
  const all = Array.from({ length: HOUR }, (_, scrape) => ({ scrape, firing: [] }));
  assertFires(calmHour(), all);
});

interface Situation {
  readonly alert: string;
  /** What it does to the series from the onset on. */
  change(hour: Map<string, number[]>): void;
}

const situations: Record<string, Situation> = {
  "a pool in which all threads are busy and a request waits": {
    alert: "OffloopPoolFull",
    change: (hour) => {
      gauge(hour, "offloop_threads_busy_ratio", 1);
      gauge(hour, 'offloop_oldest_wait_seconds{class="request"}', 6);
      gauge(hour, 'offloop_waiting_calls{class="request"}', 40);
    },
  },
  "a queue of requests that is nearly full": {
    alert: "OffloopPoolFull",
    change: (hour) => gauge(hour, 'offloop_waiting_calls{class="request"}', 1_900),
  },
  "an operation that blocks the loop for two seconds": {
    alert: "OffloopLoopBlocked",
    change: (hour) =>
      count(hour, 'offloop_blocked_seconds_total{operation="GET /items/:id",state="computing"}', 2),
  },
  "an operation that blocks the loop for ten seconds while other processes have the CPU for five": {
    alert: "OffloopLoopBlocked",
    change: (hour) => {
      count(hour, 'offloop_blocked_seconds_total{operation="GET /items/:id",state="computing"}', 10);
      count(hour, 'offloop_blocked_seconds_total{operation="",state="starved"}', 5);
    },
  },
  "a loop that is asleep in a synchronous call, by nobody knows whom": {
    alert: "OffloopLoopBlocked",
    change: (hour) => count(hour, 'offloop_blocked_seconds_total{operation="",state="asleep"}', 2),
  },
  "a worker whose loop has not turned for five seconds, and turns no more": {
    alert: "OffloopLoopBlocked",
    change: (hour) => gauge(hour, "offloop_worker_silence_seconds", 5),
  },
  "a worker that hung and was replaced": {
    alert: "OffloopLoopBlocked",
    change: (hour) => count(hour, 'offloop_worker_restarts_total{reason="hung"}', 1),
  },
  "background tasks that have waited for a thread for long": {
    alert: "OffloopBacklog",
    change: (hour) => gauge(hour, 'offloop_oldest_wait_seconds{class="background"}', 15),
  },
  "a queue of background tasks that fills": {
    alert: "OffloopBacklog",
    change: (hour) => gauge(hour, 'offloop_waiting_calls{class="background"}', 12_000),
  },
  "jobs that nobody takes": {
    alert: "OffloopBacklog",
    change: (hour) => gauge(hour, 'offloop_jobs_oldest_wait_seconds{task="resize"}', 400),
  },
  "jobs that died": {
    alert: "OffloopJobsStuck",
    change: (hour) => gauge(hour, dead, 5),
  },
  "a database that does not answer what is asked about jobs": {
    alert: "OffloopJobsStuck",
    change: (hour) => gauge(hour, "offloop_jobs_database_up", 0),
  },
  "an operation that fails": {
    alert: "OffloopErrors",
    change: (hour) => {
      count(hour, errors("POST /orders", "500"), 8);
      count(hour, runs("POST /orders"), 8);
    },
  },
  "requests that are refused": {
    alert: "OffloopErrors",
    change: (hour) => count(hour, errors("GET /report", "503"), 8),
  },
  "streams that break off": {
    alert: "OffloopErrors",
    change: (hour) => count(hour, errors("GET /export", "broken_stream"), 8),
  },
  "tasks that throw": {
    alert: "OffloopErrors",
    change: (hour) => count(hour, 'offloop_task_failures_total{task="mail"}', 20),
  },
  "threads that end on their own": {
    alert: "OffloopThreadsDying",
    change: (hour) => count(hour, 'offloop_thread_ends_total{how="exit"}', 3),
  },
  "threads that are killed for their deadlines": {
    alert: "OffloopThreadsDying",
    change: (hour) => count(hour, 'offloop_thread_ends_total{how="kill"}', 3),
  },
  "threads that cannot load the app": {
    alert: "OffloopThreadsDying",
    change: (hour) => count(hour, 'offloop_thread_ends_total{how="fail"}', 3),
  },
  "a process that has nearly all files open": {
    alert: "OffloopOpenFiles",
    change: (hour) => gauge(hour, "offloop_open_files_ratio", 0.95),
  },
  "connections that were closed because all files were open": {
    alert: "OffloopOpenFiles",
    change: (hour) => count(hour, "offloop_open_files_exhausted_total", 1),
  },
  "workers that die": {
    alert: "OffloopThreadsDying",
    change: (hour) => count(hour, 'offloop_worker_restarts_total{reason="exit"}', 3),
  },
};

for (const [name, { alert, change }] of Object.entries(situations))
  rulesTest(`${alert} fires within two scrapes, alone, and then ends: ${name}`, () => {
    const hour = calmHour();
    change(hour);
    assertFires(hour, [
      { scrape: ONSET - 1, firing: [] },
      { scrape: ONSET + 1, firing: [alert] },
      { scrape: HOUR - 1, firing: [] },
    ]);
  });

function gauge(hour: Map<string, number[]>, name: string, value: number): void {
  hour.set(name, held(seriesOf(hour, name), ONSET, value, 4));
}

function count(hour: Map<string, number[]>, name: string, amount: number): void {
  hour.set(name, added(seriesOf(hour, name), ONSET, amount));
}

/** A counter that is the same all the time but for one moment. */
function jump(hour: Map<string, number[]>, name: string, amount: number): void {
  const calm = seriesOf(hour, name).map(() => 1_000);
  hour.set(name, added(calm, ONSET, amount));
}

function seriesOf(hour: Map<string, number[]>, name: string): number[] {
  const values = hour.get(name);
  assert.ok(values, `${name} is no series of the calm hour`);
  return values;
}

interface Announced {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Has promtool compare what an alert says two scrapes after the onset. */
function assertAnnounces(series: Series, alertname: string, { labels, annotations }: Announced): void {
  const exp_alerts = [{ exp_labels: labels, exp_annotations: annotations }];
  const alert_rule_test = [{ alertname, eval_time: `${(ONSET + 1) * INTERVAL_S}s`, exp_alerts }];
  runPromtool({ interval: `${INTERVAL_S}s`, input_series: inputSeries(series), alert_rule_test });
}

rulesTest(
  "OffloopJobsStuck names the task and how many of its jobs are dead, or the process without answer",
  () => {
    const runbook_url = "https://github.com/offloop/offloop/blob/main/docs/operating.md#offloopjobsstuck";
    const died = calmHour();
    gauge(died, dead, 5);
    assertAnnounces(died, "OffloopJobsStuck", {
      labels: { severity: "ticket", job: "shop", task: "resize" },
      annotations: {
        summary: "Jobs of resize are dead",
        description:
          "They failed on their last attempt, or their arguments no longer fit, and do not run again until somebody retries them: 5 are dead now.",
        runbook_url,
      },
    });
    const down = calmHour();
    gauge(down, "offloop_jobs_database_up", 0);
    assertAnnounces(down, "OffloopJobsStuck", {
      labels: { severity: "ticket", job: "shop", instance: "10.0.0.1:8001" },
      annotations: {
        summary: "The database of the jobs does not answer 10.0.0.1:8001",
        description: "No job can be enqueued or started, and how many wait is not known.",
        runbook_url,
      },
    });
  },
);

rulesTest("an alert names the operation, and links its section of the docs", () => {
  const hour = calmHour();
  count(hour, 'offloop_blocked_seconds_total{operation="GET /items/:id",state="computing"}', 12);
  hour.delete('offloop_blocked_seconds_total{operation="",state="computing"}');
  const annotations = {
    summary: "The event loop of 10.0.0.1:8001 is blocked",
    description:
      "Something that runs on the event loop does not return, and no request is answered meanwhile. Seen in the last minute: GET /items/:id (12s) ",
    runbook_url: "https://github.com/offloop/offloop/blob/main/docs/operating.md#offlooploopblocked",
  };
  assertAnnounces(hour, "OffloopLoopBlocked", { labels, annotations });
});

const labels = { severity: "page", job: "shop", instance: "10.0.0.1:8001" };

/** What an alert says of a situation, beside what it says of any. */
function assertSays(
  change: (hour: Map<string, number[]>) => void,
  alertname: string,
  said: Announced["annotations"],
): void {
  const hour = calmHour();
  change(hour);
  const runbook_url = `https://github.com/offloop/offloop/blob/main/docs/operating.md#${alertname.toLowerCase()}`;
  assertAnnounces(hour, alertname, { labels, annotations: { ...said, runbook_url } });
}

rulesTest("where only workers die, OffloopThreadsDying counts these, in whole numbers", () => {
  assertSays(
    (hour) => {
      hour.delete('offloop_thread_ends_total{how="kill"}');
      hour.delete('offloop_thread_ends_total{how="exit"}');
      jump(hour, 'offloop_worker_restarts_total{reason="exit"}', 4);
    },
    "OffloopThreadsDying",
    {
      summary: "Threads or workers of 10.0.0.1:8001 die",
      description:
        "Each takes what it runs with it, and the next one loads the app anew. Workers that died in the last 5 minutes: 4. ",
    },
  );
});

rulesTest("where only threads end, OffloopThreadsDying says nothing of workers", () => {
  assertSays(
    (hour) => {
      hour.delete('offloop_thread_ends_total{how="kill"}');
      hour.delete('offloop_worker_restarts_total{reason="exit"}');
      count(hour, 'offloop_thread_ends_total{how="exit"}', 5);
    },
    "OffloopThreadsDying",
    {
      summary: "Threads or workers of 10.0.0.1:8001 die",
      description:
        "Each takes what it runs with it, and the next one loads the app anew. Threads that ended in the last 5 minutes: 5 by exit ",
    },
  );
});

rulesTest("OffloopLoopBlocked says of a worker that is stopped how long it has not answered", () => {
  assertSays(
    (hour) => {
      for (const name of [...hour.keys()])
        if (name.startsWith("offloop_blocked_seconds_total")) hour.delete(name);
      gauge(hour, "offloop_worker_silence_seconds", 5);
    },
    "OffloopLoopBlocked",
    {
      summary: "The event loop of 10.0.0.1:8001 is blocked",
      description:
        "Something that runs on the event loop does not return, and no request is answered meanwhile. A worker has not answered its primary for 5s. ",
    },
  );
});

rulesTest("OffloopErrors counts in whole numbers", () => {
  const hour = calmHour();
  jump(hour, errors("POST /orders", "500"), 183.1); // as an extrapolated increase
  count(hour, runs("POST /orders"), 183);
  assertAnnounces(hour, "OffloopErrors", {
    labels: { ...labels, operation: "POST /orders" },
    annotations: {
      summary: "More than 5 % of POST /orders fail on 10.0.0.1:8001",
      description:
        "183 in the last minute. They were answered with 5xx, or their stream broke off: 500 (183) ",
      runbook_url: "https://github.com/offloop/offloop/blob/main/docs/operating.md#offlooperrors",
    },
  });
});
