import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, fixture, listening, offloop } from "../fixtures/cli.ts";
import { type Client, createClient } from "../fixtures/client.ts";
import { freePort } from "../fixtures/free-port.ts";

const folder = mkdtempSync(join(tmpdir(), "offloop-"));
after(() => rmSync(folder, { recursive: true }));

/** Each waits for twice as long as the one before it until another is started. */
const KILLS = 3;

/** Longer than a worker that hangs is left, and another takes to start. */
const PATIENCE_MS = 20_000;

/** Longer than a silent worker is left: what is tried is time that passes while nothing runs. */
const PAUSE_MS = 4_000;

interface Started {
  readonly command: Command;
  /** Where the primary answers for all. */
  readonly operator: Client;
}

interface Served extends Started {
  readonly url: string;
}

async function serveWorkers(t: TestContext, workers = 2): Promise<Served> {
  const started = await startWorkers(t, workers);
  const url = await listening(started.command);
  await until(async () => (await metric(started.operator, 'offloop_workers{state="ready"}')) === workers);
  return { ...started, url };
}

async function startWorkers(t: TestContext, workers: number): Promise<Started> {
  const command = offloop(
    ...[
      "run",
      fixture("supervised.ts"),
      "--port",
      `${await freePort()}`,
      "--no-access-log",
      "--workers",
      String(workers),
    ],
  );
  t.after(() => command.child.kill("SIGKILL"));
  const health = /http:\/\/[\d.:]+/.exec(await command.line(/health at/))?.[0] ?? "";
  const operator = createClient(health);
  t.after(() => operator.close());
  return { command, operator };
}

/** Makes each worker that starts wait as long as the file is there. */
function hangAtStart(t: TestContext): { begin(): void; end(): void } {
  const file = join(folder, "hangs");
  process.env.HANG_IF = file;
  const end = (): void => rmSync(file, { force: true });
  t.after(() => {
    delete process.env.HANG_IF;
    end();
  });
  return { begin: () => writeFileSync(file, ""), end };
}

/** The pid of a worker that does not get to listen, once the log says what it waits for, and whether it is ended. */
async function lateWorker(command: Command, isEnded: boolean): Promise<number> {
  const how = isEnded ? ": ending it; look" : ": look";
  const steps = "its module, the lifespan at \\S*supervised\\.ts:\\d+:5";
  const late = new RegExp(
    `worker (\\d+) does not listen \\d+ ms after its start${how} at what waits: ${steps}${isEnded ? ", or raise hungWorkerMs" : ""}"`,
  );
  return Number(late.exec(await command.line(late))?.[1]);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}

async function metric(operator: Client, line: string): Promise<number> {
  return (await scrape(operator)).get(line) ?? Number.NaN;
}

/** All values of one scrape, by name and labels. */
async function scrape(operator: Client): Promise<Map<string, number>> {
  const { status, body } = await operator.ask("/metrics");
  assert.equal(status, 200);
  const lines = body.toString().split("\n");
  return new Map(
    lines.flatMap((line) => {
      const at = line.lastIndexOf(" ");
      return line === "" || line.startsWith("#") ? [] : [[line.slice(0, at), Number(line.slice(at + 1))]];
    }),
  );
}

/** A client that asks one thing after another until it is stopped. */
function load(
  url: string,
  path: string,
  clients: number,
): { stop(): Promise<{ answered: number; lost: unknown[] }> } {
  const client = createClient(url, clients);
  let isOn = true;
  let answered = 0;
  const lost: unknown[] = [];
  const askAll = async (): Promise<void> => {
    while (isOn) {
      try {
        const { status, body } = await client.ask(path, { signal: AbortSignal.timeout(PATIENCE_MS) });
        if (status !== 200 || body.length === 0) lost.push(status);
        answered++;
      } catch (error) {
        lost.push((error as NodeJS.ErrnoException).code);
      }
    }
  };
  const all = Promise.all(Array.from({ length: clients }, askAll));
  return {
    stop: async () => {
      isOn = false;
      await all;
      client.close();
      return { answered, lost };
    },
  };
}

async function pidOf(url: string): Promise<number> {
  const client = createClient(url);
  try {
    return JSON.parse(
      (await client.ask("/pid", { signal: AbortSignal.timeout(PATIENCE_MS) })).body.toString(),
    ) as number;
  } finally {
    client.close();
  }
}

async function endWell({ child, ended }: Command): Promise<string> {
  child.kill("SIGTERM");
  const { code, output } = await ended();
  assert.equal(code, 0, output);
  return output;
}

test("SIGHUP: all workers are replaced one by one, and nothing is lost under load, streams included", async (t) => {
  // On a machine that others use, a worker may start much later than the one before it.
  process.env.HUNG_WORKER_MS = "60000";
  t.after(() => delete process.env.HUNG_WORKER_MS);
  const { command, url, operator } = await serveWorkers(t);
  const loads = [load(url, "/pid", 4), load(url, "/pid/thread", 2), load(url, "/stream", 2)];
  for (let roll = 1; roll <= 2; roll++) {
    command.child.kill("SIGHUP");
    await until(
      async () => (await metric(operator, 'offloop_worker_restarts_total{reason="reload"}')) === 2 * roll,
    );
    await until(async () => (await metric(operator, 'offloop_workers{state="leaving"}')) === 0);
  }
  for (const one of loads) {
    const { answered, lost } = await one.stop();
    assert.deepEqual(lost, [], `of ${answered}`);
    assert.ok(answered > 0);
  }
  const figures = await scrape(operator);
  assert.equal(figures.get('offloop_workers{state="ready"}'), 2);
  assert.equal(figures.get('offloop_worker_restarts_total{reason="exit"}'), 0);
  const output = await endWell(command);
  assert.doesNotMatch(output, /"level":50/, "a wanted end is no error");
  assert.doesNotMatch(output, /abandoned/);
});

test("a pause of the whole machine is not taken for a worker that hangs", async (t) => {
  const { command, url, operator } = await serveWorkers(t, 1);
  const pid = await pidOf(url);
  const both = [command.child.pid as number, pid];
  for (const one of both) process.kill(one, "SIGSTOP");
  await sleep(PAUSE_MS);
  for (const one of both) process.kill(one, "SIGCONT");
  await until(async () => (await metric(operator, "offloop_worker_silence_seconds")) < 1);
  assert.equal(await pidOf(url), pid);
  assert.equal(await metric(operator, 'offloop_worker_restarts_total{reason="hung"}'), 0);
  assert.doesNotMatch(await endWell(command), /has not answered/);
});

test("SIGHUP: a new worker that cannot start leaves the old ones, and the log says why", async (t) => {
  const file = join(folder, "fails");
  process.env.FAIL_IF = file;
  t.after(() => delete process.env.FAIL_IF);
  const { command, url, operator } = await serveWorkers(t, 1);
  const pid = await pidOf(url);
  writeFileSync(file, "");
  command.child.kill("SIGHUP");
  await command.line(new RegExp(`could not start \\(code 1; .* worker ${pid} stays`));
  assert.ok(command.lines.some((line) => line.includes("no database at all")));
  assert.equal(await pidOf(url), pid);
  assert.equal(await metric(operator, 'offloop_worker_restarts_total{reason="reload"}'), 0);
  rmSync(file);
  command.child.kill("SIGHUP");
  await command.line(/restarted 1 worker/);
  assert.notEqual(await pidOf(url), pid);
  await endWell(command);
});

test("SIGHUP: a new worker that hangs while it starts is ended, the old one stays, and the next SIGHUP restarts it", async (t) => {
  const hang = hangAtStart(t);
  const { command, url, operator } = await serveWorkers(t, 1);
  const pid = await pidOf(url);
  hang.begin();
  command.child.kill("SIGHUP");
  const late = await lateWorker(command, true);
  await command.line(
    new RegExp(`worker ${late} could not start \\(SIGKILL; the reason .* worker ${pid} stays`),
  );
  assert.equal(await pidOf(url), pid);
  hang.end();
  command.child.kill("SIGHUP");
  await command.line(/restarted 1 worker/);
  assert.notEqual(await pidOf(url), pid);
  assert.equal(await metric(operator, 'offloop_worker_restarts_total{reason="reload"}'), 1);
  await endWell(command);
});

test("a worker that hangs while it starts in the place of a dead one is ended, and replaced again", async (t) => {
  const hang = hangAtStart(t);
  const { command, url, operator } = await serveWorkers(t, 1);
  const pid = await pidOf(url);
  hang.begin();
  process.kill(pid, "SIGKILL");
  const late = await lateWorker(command, true);
  hang.end();
  await command.line(new RegExp(`worker ${late} died \\(SIGKILL\\); starting another`));
  assert.notEqual(await livingPid(url), late);
  assert.equal(await metric(operator, 'offloop_worker_restarts_total{reason="hung"}'), 1);
  await endWell(command);
});

test("while no worker has listened yet, one that hangs while it starts is reported once, and left to start", async (t) => {
  const hang = hangAtStart(t);
  hang.begin();
  const { command, operator } = await startWorkers(t, 1);
  const late = await lateWorker(command, false);
  const { status, body } = await operator.ask("/readyz");
  assert.deepEqual([status, body.toString()], [503, '{"status":"starting"}']);
  hang.end();
  assert.equal(await pidOf(await listening(command)), late);
  const output = await endWell(command);
  assert.equal(output.match(/does not listen/g)?.length, 1);
});

test("a worker that does not answer its primary is ended and replaced; ending one by hand is not an error", async (t) => {
  const { command, url, operator } = await serveWorkers(t, 1);
  const pid = await livingPid(url);
  const hung = createClient(url);
  const asked = hung.ask("/hang");
  await assert.rejects(asked);
  hung.close();
  await command.line(new RegExp(`worker ${pid} has not answered for \\d+ ms: ending it`));
  const next = await livingPid(url);
  assert.notEqual(next, pid);
  assert.equal(await metric(operator, 'offloop_worker_restarts_total{reason="hung"}'), 1);
  process.kill(next, "SIGTERM");
  const line = JSON.parse(await command.line(new RegExp(`worker ${next} was ended`))) as { level: number };
  assert.equal(line.level, 30);
  await livingPid(url);
  await endWell(command);
});

test("connections that were handed to a worker which hangs are answered by another when it is ended", async (t) => {
  const { command, url, operator } = await serveWorkers(t);
  const hung = createClient(url);
  const asked = hung.ask("/hang").catch(() => undefined);
  await until(async () => (await metric(operator, "offloop_worker_silence_seconds")) > 1);
  const pids = await Promise.all(Array.from({ length: 8 }, () => pidOf(url)));
  const [, ended] = /worker (\d+) has not answered/.exec(await command.line(/has not answered for/)) ?? [];
  assert.ok(!pids.includes(Number(ended)));
  await asked;
  hung.close();
  await endWell(command);
});

test("readiness of the primary: 200 while a worker answers, 503 while the only one is blocked", async (t) => {
  const { command, url, operator } = await serveWorkers(t, 1);
  assert.equal((await operator.ask("/readyz")).status, 200);
  const hung = createClient(url);
  const asked = hung.ask("/hang").catch(() => undefined);
  await until(async () => (await operator.ask("/readyz")).status === 503);
  assert.equal((await operator.ask("/livez")).status, 200);
  await until(async () => (await operator.ask("/readyz")).status === 200);
  await asked;
  hung.close();
  assert.equal((await operator.ask("/nowhere")).status, 404);
  await endWell(command);
});

test("workers killed under load: no counter falls, and no scrape fails", async (t) => {
  const { command, url, operator } = await serveWorkers(t);
  const loads = load(url, "/pid", 4);
  let last = await scrape(operator);
  let falls: string[] = [];
  const look = async (): Promise<void> => {
    const now = await scrape(operator);
    for (const [line, value] of last) {
      if (!/_(total|count|sum|bucket)(\{|$)/.test(line)) continue;
      if (!((now.get(line) ?? Number.NaN) >= value))
        falls = [...falls, `${line}: ${value} -> ${now.get(line)}`];
    }
    last = now;
  };
  for (let kills = 1; kills <= KILLS; kills++) {
    process.kill(await livingPid(url), "SIGKILL");
    while ((last.get('offloop_worker_restarts_total{reason="exit"}') ?? 0) < kills) await look();
  }
  const { answered } = await loads.stop();
  await look();
  assert.deepEqual(falls, []);
  const counted = 'http_route="/pid",http_response_status_code="200",url_scheme="http",error_type=""}';
  const total =
    last.get(`http_server_request_duration_seconds_count{http_request_method="GET",${counted}`) ?? 0;
  t.diagnostic(`${total} counted of ${answered} answered to the load, ${KILLS} kills`);
  assert.ok(total > 0);
  await endWell(command);
});

/** While one is being replaced, a connection may fail. */
async function livingPid(url: string): Promise<number> {
  for (;;) {
    const pid = await pidOf(url).catch(() => undefined);
    if (pid !== undefined) return pid;
  }
}

/** What a chunk of the streams takes: ten letters as JSON, and the end of a line. */
const CHUNK_BYTES = 13;

/** A stream of chunks, one each 20 ms, of which one has come. */
async function chunksOf(
  url: string,
): Promise<{ next(count: number): Promise<void>; rest(): Promise<number> }> {
  const { body } = await fetch(url);
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  let bytes = 0;
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    bytes += value?.length ?? 0;
    return !done;
  };
  await read();
  return {
    next: async (count) => {
      for (const enough = bytes + count * CHUNK_BYTES; bytes < enough; ) await read();
    },
    // All bytes that came, from the first on.
    rest: async () => {
      while (await read());
      return bytes;
    },
  };
}

test("SIGTERM to a worker, and later to its primary, cuts nothing off: for the worker that is the first still", async (t) => {
  const { command, url } = await serveWorkers(t, 1);
  const pid = await pidOf(url);
  const stream = await chunksOf(`${url}/stream/long`);
  process.kill(pid, "SIGTERM");
  await stream.next(10); // 200 ms
  command.child.kill("SIGTERM");
  assert.equal(await stream.rest(), 100 * CHUNK_BYTES);
  const { code, output } = await command.ended();
  assert.equal(code, 0);
  assert.doesNotMatch(output, /again|abandoned/);
});

test("SIGTERM while workers are replaced cuts nothing off in the old ones", async (t) => {
  const { command, url, operator } = await serveWorkers(t, 1);
  const stream = await chunksOf(`${url}/stream/long`);
  command.child.kill("SIGHUP");
  await until(async () => (await metric(operator, 'offloop_workers{state="leaving"}')) === 1);
  command.child.kill("SIGTERM");
  assert.equal(await stream.rest(), 100 * CHUNK_BYTES);
  const { code, output } = await command.ended();
  assert.equal(code, 0);
  assert.doesNotMatch(output, /again|abandoned/);
});

test("a worker that hangs while it leaves is ended, too", async (t) => {
  const { command, url, operator } = await serveWorkers(t, 1);
  await fetch(`${url}/hang/at-end`);
  command.child.kill("SIGHUP");
  await command.line(/takes over from worker/);
  await command.line(/has not answered for \d+ ms: ending it/);
  await until(async () => (await metric(operator, 'offloop_workers{state="leaving"}')) === 0);
  assert.equal(
    await metric(operator, 'offloop_worker_restarts_total{reason="hung"}'),
    0,
    "its place was taken before",
  );
  await endWell(command);
});

test("a worker that dies while another starts to take its place is replaced once", async (t) => {
  const { command, url, operator } = await serveWorkers(t, 1);
  const pid = await pidOf(url);
  command.child.kill("SIGHUP");
  await until(async () => (await metric(operator, 'offloop_workers{state="starting"}')) === 1);
  process.kill(pid, "SIGKILL");
  await command.line(
    new RegExp(`worker ${pid} died \\(SIGKILL, not sent by offloop; .*\\); another is starting already`),
  );
  await command.line(/restarted 1 worker/);
  const figures = await scrape(operator);
  assert.equal(figures.get('offloop_workers{state="ready"}'), 1);
  assert.equal(figures.get('offloop_workers{state="starting"}'), 0);
  assert.equal(figures.get('offloop_worker_restarts_total{reason="exit"}'), 1);
  assert.equal(figures.get('offloop_worker_restarts_total{reason="reload"}'), 0);
  await endWell(command);
});

test("SIGUSR2 ends neither a server nor its workers; SIGTERM twice within 100 ms is one", async (t) => {
  const { command, url } = await serveWorkers(t, 1);
  const pid = await pidOf(url);
  command.child.kill("SIGUSR2");
  await command.line(/SIGUSR2: nothing to do/);
  process.kill(pid, "SIGUSR2");
  assert.equal(await pidOf(url), pid);
  const slow = createClient(url);
  const whole = (await slow.ask("/stream")).body.toString();
  const stream = slow.ask("/stream");
  await pidOf(url);
  command.child.kill("SIGTERM");
  command.child.kill("SIGTERM");
  assert.equal((await stream).body.toString(), whole);
  slow.close();
  const { code, output } = await command.ended();
  assert.equal(code, 0);
  assert.doesNotMatch(output, /again/);
});
