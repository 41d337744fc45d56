import { setTimeout as wait } from "node:timers/promises";
import { atLeast, atMost, type Goal, goalCells } from "../goal.ts";
import type { Bench, PartResult } from "../part.ts";
import { probe } from "../probe.ts";
import { type ServerFile, withServer } from "../server-process.ts";
import { openSockets, type SocketLoad, type SocketsDone } from "../socket-load.ts";
import { pairedRatios, percentile, type Summary, summarize } from "../statistics.ts";
import { formatNumber, formatQuartiles } from "../table.ts";
import { inTurn } from "../turns.ts";

const SOCKETS = 1_000;
/** How many of them have their messages handled by code that computes for 5 ms. */
const WORKING = 10;
const PER_SECOND = 5;
const RATE = 200;
const IDLE = 10_000;
/** How many sockets come and go first, so that what is compiled and reserved for any of them is not counted. */
const WARMING = 1_000;
/** Enough to keep a server busy, few enough that each answer is for somebody. */
const ECHOING = 50;
const IN_FLIGHT = 8;

type SideName = "fastify" | "offloop";
const files: Readonly<Record<SideName, ServerFile>> = {
  fastify: "sockets-fastify",
  offloop: "sockets-offloop",
};
const names: Readonly<Record<SideName, string>> = { fastify: "@fastify/websocket, bare", offloop: "offloop" };

/** The echo cases: the name of the row, the side, and the path. */
const echoes: readonly (readonly [name: string, side: SideName, path: string])[] = [
  ["@fastify/websocket, bare", "fastify", "/echo"],
  ["offloop, by message, async", "offloop", "/echo"],
  ["offloop, whole", "offloop", "/whole"],
  ["offloop, with schemas both ways", "offloop", "/checked"],
  ["offloop, plain", "offloop", "/plain"],
];

/**
 * Sockets compared with bare @fastify/websocket: latency of `GET /` next to 1,000 of them, memory of
 * each, echoes per second.
 */
export async function measureSockets(bench: Bench): Promise<PartResult[]> {
  return [await measureCrowd(bench), await measureIdle(bench), await measureEcho(bench)];
}

interface Crowd {
  /** Latencies of `GET /`, in milliseconds. */
  readonly latencies: readonly number[];
  readonly done: SocketsDone;
}

async function measureCrowd(bench: Bench): Promise<PartResult> {
  const rounds: Record<SideName, Crowd[]> = { fastify: [], offloop: [] };
  for (let round = 0; round < bench.options.rounds; round++) {
    for (const side of inTurn(["fastify", "offloop"] as const, round)) {
      const crowd = await measureCrowdRound(side, bench);
      rounds[side].push(crowd);
      bench.say(
        `round ${round + 1}: ${names[side]}, p99 ${formatNumber(percentile(crowd.latencies, 99), 2)} ms`,
      );
    }
  }
  return crowdResult(rounds);
}

function crowdResult(rounds: Readonly<Record<SideName, readonly Crowd[]>>): PartResult {
  const p99 = (side: SideName): number[] => rounds[side].map(({ latencies }) => percentile(latencies, 99));
  const ratios = summarize(pairedRatios(p99("offloop"), p99("fastify")));
  const done = rounds.offloop.map((one) => one.done);
  const sum = (field: "answered" | "unanswered" | "misordered"): number =>
    done.reduce((total, one) => total + one[field], 0);
  const goals = [
    atMost(1.3, "p99 of GET / beside 1,000 sockets, offloop / bare", ratios.median),
    atMost(0, "messages without an answer, or out of order", sum("unanswered") + sum("misordered")),
  ];
  const row = (side: SideName): string[] => [
    names[side],
    formatNumber(
      percentile(
        rounds[side].flatMap(({ latencies }) => latencies),
        50,
      ),
      2,
    ),
    formatNumber(
      percentile(
        rounds[side].flatMap(({ latencies }) => latencies),
        99,
      ),
      2,
    ),
    formatNumber(summarize(rounds[side].map((one) => one.done.perSecond)).median),
  ];
  return {
    title: `(sockets) ${formatNumber(SOCKETS)} sockets, ${PER_SECOND} messages/s of each, ${WORKING} of them to what computes for 5 ms`,
    table: {
      columns: ["", "GET / p50", "p99", "messages/s"],
      rows: [row("fastify"), row("offloop")],
    },
    notes: [
      `p99 of GET /, paired by round: ${formatNumber(ratios.median, 2)} (${formatQuartiles(ratios, 2)})`,
      "bare computes on its loop, offloop in a plain handler, on a thread",
      `offloop answered ${formatNumber(sum("answered"))} messages; ${sum("unanswered")} without an answer, ${sum("misordered")} out of order`,
    ],
    goals,
    measured: rounds,
  };
}

function measureCrowdRound(side: SideName, bench: Bench): Promise<Crowd> {
  const settings = { burnIterations: Math.round(bench.burnIterations / 10) };
  return withServer({ file: files[side], settings }, async (server) => {
    const load: SocketLoad = {
      url: server.url,
      paths: [
        ["/echo", SOCKETS - WORKING],
        ["/work", WORKING],
      ],
      perSecond: PER_SECOND,
      inFlight: 0,
    };
    await bench.generator.start(`${server.url}/`, { connections: 10, seconds: 1 }).answered;
    const warm = await openSockets({
      ...load,
      paths: [
        ["/echo", 50],
        ["/work", 2],
      ],
      perSecond: 20,
    });
    warm.go();
    await wait(1_000);
    await warm.stop();
    const sockets = await openSockets(load);
    try {
      sockets.go();
      await wait(500);
      const { latencies } = await probe(server.url, RATE, bench.options.seconds);
      return { latencies, done: await sockets.stop() };
    } finally {
      await sockets.end();
    }
  });
}

/** The cases of idle sockets: the name of the row, the side, and the path. */
const idle: readonly (readonly [name: string, side: SideName, path: string])[] = [
  ["@fastify/websocket, bare", "fastify", "/echo"],
  ["offloop, by message", "offloop", "/echo"],
  ["offloop, whole", "offloop", "/whole"],
];

/** What an idle socket adds to a process. */
interface SocketMemory {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

async function measureIdle({ options, say }: Bench): Promise<PartResult> {
  const rounds: SocketMemory[][] = idle.map(() => []);
  for (let round = 0; round < options.rounds; round++)
    for (const at of inTurn([...idle.keys()], round)) {
      const [name, side, path] = idle[at] as (typeof idle)[number];
      const memory = await memoryOfIdleSocket(side, path);
      rounds[at]?.push(memory);
      say(`round ${round + 1}: ${name}, ${formatNumber(memory.rssBytes / 1024, 1)} KiB a socket`);
    }
  return idleResult(rounds);
}

function idleResult(rounds: readonly (readonly SocketMemory[])[]): PartResult {
  const values = (at: number, of: keyof SocketMemory): number[] => (rounds[at] ?? []).map((one) => one[of]);
  const ratio = (at: number, of: keyof SocketMemory): Summary =>
    summarize(pairedRatios(values(at, of), values(0, of)));
  const kib = (at: number, of: keyof SocketMemory): string =>
    formatNumber(summarize(values(at, of)).median / 1024, 1);
  const goal = atMost(
    1.3,
    "memory of an idle socket, by message, offloop / bare",
    ratio(1, "rssBytes").median,
  );
  return {
    title: `(sockets) memory of ${formatNumber(IDLE)} idle sockets, each`,
    table: {
      columns: ["", "KiB resident", "x bare", "quartiles", "KiB of heap", "x bare", "goal", ""],
      rows: idle.map(([name], at) => [
        name,
        kib(at, "rssBytes"),
        formatNumber(ratio(at, "rssBytes").median, 2),
        formatQuartiles(ratio(at, "rssBytes"), 2),
        kib(at, "heapBytes"),
        formatNumber(ratio(at, "heapBytes").median, 2),
        ...goalCells(at === 1 ? goal : undefined),
      ]),
    },
    notes: [
      `what a process grew by, after garbage collections, and after ${formatNumber(WARMING)} sockets have come and gone; V8's young generation is kept at 1 MiB: what it reserves for garbage, up to 100 MiB, depends on how fast sockets are opened`,
      "while it is idle, a whole socket keeps a handler that waits",
    ],
    goals: [goal],
    measured: rounds,
  };
}

/** Uses a server of its own: what a socket keeps shows only in a process that had few before. */
function memoryOfIdleSocket(side: SideName, path: string): Promise<SocketMemory> {
  return withServer({ file: files[side], measuresMemory: true }, async ({ url, report }) => {
    const load = { url, perSecond: 0, inFlight: 0 };
    const warm = await openSockets({ ...load, paths: [[path, WARMING]] });
    await warm.end();
    await wait(500);
    const before = await report();
    const sockets = await openSockets({ ...load, paths: [[path, IDLE]] });
    try {
      await wait(500);
      const after = await report();
      return {
        rssBytes: (after.rssBytes - before.rssBytes) / IDLE,
        heapBytes: (after.heapBytes - before.heapBytes) / IDLE,
      };
    } finally {
      await sockets.end();
    }
  });
}

async function measureEcho({ options, say }: Bench): Promise<PartResult> {
  const rounds: number[][] = echoes.map(() => []);
  await withServer({ file: files.fastify }, (fastify) =>
    withServer({ file: files.offloop }, async (offloop) => {
      const urls = { fastify: fastify.url, offloop: offloop.url };
      const measure = async (at: number, seconds: number): Promise<number> => {
        const [, side, path] = echoes[at] as (typeof echoes)[number];
        const load = await openSockets({
          url: urls[side],
          paths: [[path, ECHOING]],
          perSecond: 0,
          inFlight: IN_FLIGHT,
        });
        load.go();
        await wait(1_000 * seconds);
        const { perSecond } = await load.stop();
        await load.end();
        return perSecond;
      };
      for (const at of echoes.keys()) await measure(at, 2); // V8 compiles
      for (let round = 0; round < options.rounds; round++)
        for (const at of inTurn([...echoes.keys()], round)) {
          const perSecond = await measure(at, options.seconds);
          rounds[at]?.push(perSecond);
          say(`round ${round + 1}: ${echoes[at]?.[0]}, ${formatNumber(perSecond)} echoes/s`);
        }
    }),
  );
  const ratio = (at: number): Summary => summarize(pairedRatios(rounds[at] ?? [], rounds[0] ?? []));
  const goals = [
    atLeast(0.85, "echoes/s without schemas, by message, offloop / bare", ratio(1).median),
    atLeast(0.85, "echoes/s without schemas, whole, offloop / bare", ratio(2).median),
  ];
  const row = (at: number, goal: Goal | undefined): string[] => [
    echoes[at]?.[0] ?? "",
    formatNumber(summarize(rounds[at] ?? []).median),
    formatNumber(ratio(at).median, 2),
    formatQuartiles(ratio(at), 2),
    ...goalCells(goal),
  ];
  return {
    title: `(sockets) echoes a second, ${ECHOING} sockets with ${IN_FLIGHT} messages under way`,
    table: {
      columns: ["", "echoes/s", "x bare", "quartiles", "goal", ""],
      rows: echoes.map((_, at) => row(at, goals[at - 1])),
    },
    notes: ["paired by round; the clients are one process of ws, which may be the slower side"],
    goals,
    measured: rounds,
  };
}
