import { readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { BlockReport } from "../channels/channels.ts";
import { Block, isSure, type Onlooker, Starvation } from "./block.ts";
import { judge, placesOf } from "./culprits.ts";
import type { EndedBlock, LogAdvice, WatchdogData, WatchdogNews, WatchdogOrder } from "./messages.ts";
import { anyOf, liveText, probably } from "./report-text.ts";
import { BEAT_AT, BEAT_MS, clockMs, MUTED, marksInProgress, RUNNING } from "./shared-words.ts";

/** As a part of the threshold. */
const FIRST_LOOK = 0.75;
const ANSWER_PATIENCE_MS = 50;
const MAX_BLOCKS = 50;

/** What the watchdog's thread runs: it compares the loop's heartbeat with the clock, and looks when that stops. */
class Watchdog implements Onlooker {
  readonly #data: WatchdogData;
  readonly #port: MessagePort;
  readonly #liveLimit = new LogLimit();
  readonly #endLimit = new LogLimit();
  /** By the beat they began after. */
  readonly #blocks = new Map<number, Block>();
  readonly #starvation = new Starvation();
  #names: readonly string[];
  #block: Block | undefined;
  #aliveAt = clockMs();
  #beatAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #tickDueAt = 0;

  constructor(data: WatchdogData, port: MessagePort) {
    this.#data = data;
    this.#port = port;
    this.#names = data.names;
    this.#rest();
  }

  obey(order: WatchdogOrder): void {
    if ("names" in order) this.#names = order.names;
    else if ("wake" in order) this.#tick();
    else this.#conclude(order.ended);
  }

  running(): string | undefined {
    return this.#names[this.#data.marks[RUNNING] as number] || undefined;
  }

  inProgress(): string[] {
    return marksInProgress(this.#data.marks, this.#names.length).map((mark) => this.#names[mark] as string);
  }

  /** Sleeps until a look could be due; while the loop is blocked, for a moment. */
  #rest(): void {
    clearTimeout(this.#timer);
    const moment = this.#data.thresholdMs / 4;
    const untilLook = this.#aliveAt + this.#firstLookMs - clockMs();
    const ms = this.#block === undefined ? Math.max(moment, untilLook) : moment;
    this.#tickDueAt = clockMs() + ms;
    this.#timer = setTimeout(() => this.#tick(), ms);
  }

  /** So much silence is odd, and leaves time to report as soon as the threshold is passed. */
  get #firstLookMs(): number {
    return Math.max(this.#data.thresholdMs * FIRST_LOOK, (this.#data.pulse[BEAT_MS] as number) * 1.5);
  }

  #tick(): void {
    const { pulse, thresholdMs } = this.#data;
    const now = clockMs();
    this.#starvation.noteDelay(now - this.#tickDueAt);
    if (pulse[BEAT_AT] !== this.#beatAt) {
      this.#beatAt = pulse[BEAT_AT] as number;
      this.#aliveAt = this.#beatAt;
      this.#block = undefined;
      this.#starvation.noteBeat();
    }
    // This thread did not run either: the process was suspended, and nothing blocked.
    if (this.#block === undefined && now - this.#tickDueAt > thresholdMs / 2) this.#aliveAt = now;
    const silentMs = now - this.#aliveAt;
    if (silentMs >= this.#firstLookMs && pulse[MUTED] === 0) this.#observe(silentMs);
    this.#rest();
  }

  #observe(silentMs: number): void {
    const { look, thresholdMs, isAnnounced } = this.#data;
    this.#block ??= this.#begin();
    const block = this.#block;
    block.lookWhenDue(silentMs, thresholdMs, look, this);
    const hasWaited = block.askedAt === undefined || clockMs() - block.askedAt >= thresholdMs / 4;
    if (isAnnounced && !block.isAnnounced && silentMs >= thresholdMs && hasWaited)
      this.#announce(block, silentMs);
  }

  #begin(): Block {
    if (this.#blocks.size >= MAX_BLOCKS) this.#blocks.clear();
    const block = new Block(this.#aliveAt);
    this.#blocks.set(this.#beatAt, block);
    return block;
  }

  /** Not through a stream: those of a worker go by way of the main thread, which is the one that is blocked. */
  #announce(block: Block, silentMs: number): void {
    block.isAnnounced = true;
    const seen = block.sightings.findLast((sighting) => isSure(sighting, Number.POSITIVE_INFINITY));
    const who =
      seen === undefined
        ? `${this.running() ?? probably(this.inProgress())}, in a native call`
        : (seen.sight.operation ?? anyOf([]));
    const { at } = placesOf(seen?.sight.frames ?? [], "exact");
    if (!this.#liveLimit.advise(JSON.stringify([who, at])).due) return;
    writeSync(2, `offloop: ${liveText(silentMs, who, at, waitingConnections())}\n`);
  }

  #conclude(ended: EndedBlock): void {
    const block = this.#blocks.get(ended.gap.after);
    this.#blocks.delete(ended.gap.after);
    const { after } = ended.gap;
    const off = {
      waitedMs: this.#starvation.waitedSince(after),
      // It may not have woken at all while the loop was blocked.
      latestMs: Math.max(this.#starvation.latestSince(after), clockMs() - this.#tickDueAt),
    };
    if (block === undefined) this.#report(ended, undefined, off);
    else block.whenAnswered(ANSWER_PATIENCE_MS, () => this.#report(ended, block, off));
  }

  #report({ gap, waitedRequests, gcMs, timeline }: EndedBlock, block: Block | undefined, off: Off): void {
    const durationMs = gap.to - gap.from;
    const culprits = judge(block?.sightings ?? [], gap.to, timeline);
    const report: BlockReport = {
      startedAt: Date.now() - (clockMs() - gap.from),
      durationMs,
      state: stateOf({ durationMs, cpuMs: Math.max(gap.cpuMs, gcMs) }, off, this.#data.thresholdMs),
      cpuMs: gap.cpuMs,
      gcMs,
      waitedRequests,
      culprits,
    };
    const [first] = culprits;
    const log = this.#endLimit.advise(JSON.stringify([first?.operation, first?.at?.file, first?.at?.line]));
    this.#port.postMessage({ report, log } satisfies WatchdogNews);
  }
}

const QUIET_MS = 10_000;
const MAX_PLACES = 1_000;

/** Lets one line a place pass every ten seconds, and counts the others. */
class LogLimit {
  readonly #places = new Map<string, { loggedAt: number; skipped: number }>();

  advise(place: string): LogAdvice {
    const now = clockMs();
    const last = this.#places.get(place);
    if (last !== undefined && now - last.loggedAt < QUIET_MS) return { due: false, skipped: ++last.skipped };
    if (this.#places.size >= MAX_PLACES) this.#places.clear();
    this.#places.set(place, { loggedAt: now, skipped: 0 });
    return { due: true, skipped: last?.skipped ?? 0 };
  }
}

/** What is known of the time in which the main thread had no CPU. */
interface Off {
  /** How long it was ready all the same. */
  readonly waitedMs: number;
  /** How late the watchdog's own thread was at worst. */
  readonly latestMs: number;
}

/** What the main thread waits for, as threads that help to collect garbage, may be late a few times over. */
const LATE_TURNS = 4;

/** A block that would be none if other processes had not had the CPU is theirs. */
function stateOf(
  { durationMs, cpuMs }: { readonly durationMs: number; readonly cpuMs: number },
  { waitedMs, latestMs }: Off,
  thresholdMs: number,
): BlockReport["state"] {
  const ownMs = Math.max(cpuMs, durationMs - waitedMs);
  if (ownMs < thresholdMs) return "starved";
  if (cpuMs >= ownMs / 2) return "computing";
  return durationMs < LATE_TURNS * latestMs ? "starved" : "asleep";
}

const LISTEN = "0A";
const ESTABLISHED = "01";

interface SocketRow {
  readonly port: string;
  readonly state: string;
  readonly unreadBytes: boolean;
  readonly inode: string;
}

/**
 * Connections to this process that have sent what it has not read, also those it has not accepted yet: who waits while
 * the loop is blocked. Linux only; undefined elsewhere.
 */
function waitingConnections(): number | undefined {
  try {
    const rows = ["tcp", "tcp6"].flatMap(readSockets);
    const own = ownSockets();
    const ports = new Set(
      rows.flatMap(({ state, inode, port }) => (state === LISTEN && own.has(inode) ? [port] : [])),
    );
    return rows.filter(
      ({ state, port, unreadBytes }) => state === ESTABLISHED && unreadBytes && ports.has(port),
    ).length;
  } catch {
    return undefined;
  }
}

/** See proc_net_tcp(5): local address, remote address, state, tx:rx queue, ..., inode. */
function readSockets(protocol: string): SocketRow[] {
  const lines = readFileSync(`/proc/self/net/${protocol}`, "latin1").split("\n").slice(1);
  return lines.flatMap((line) => {
    const [, local, , state, queues, , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || state === undefined || queues === undefined || inode === undefined) return [];
    return [{ port: local.split(":")[1] ?? "", state, unreadBytes: !queues.endsWith(":00000000"), inode }];
  });
}

function ownSockets(): Set<string> {
  const links = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // closed meanwhile
    }
  });
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

const port = parentPort as MessagePort;
const watchdog = new Watchdog(workerData as WatchdogData, port);
port.on("message", (order: WatchdogOrder) => watchdog.obey(order));
port.postMessage({ watching: true } satisfies WatchdogNews);
