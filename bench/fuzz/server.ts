import { subscribe } from "node:diagnostics_channel";
import { readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Worker } from "node:worker_threads";
import { type Server, serve } from "offloop";
import app from "./app.ts";
import type { Question, State } from "./subject.ts";

/** How often the loop's own work is measured. */
const BEAT_MS = 5;

/** The served app in a process of its own. It reports about itself what a client cannot see. */
let server: Server | undefined;
let threads = 0;
let heldMs = 0;
let undeclared: string[] = [];

process.on("worker", (worker: Worker) => {
  if (worker.threadName !== "offloop") return;
  threads++;
  worker.once("exit", () => threads--);
});
process.on("warning", ({ name, message }) => {
  if (name === "MaxListenersExceededWarning") undeclared.push(message);
});
subscribe("offloop.thread", (message) => {
  const { event } = message as { event: string };
  if (event === "exit") undeclared.push("a thread ended on its own");
});

/**
 * The CPU time of this thread between two beats, which excludes whatever else the machine does. A long turn of the loop
 * is fully contained in it.
 */
let spent = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(spent);
  spent = process.threadCpuUsage();
  heldMs = Math.max(heldMs, (user + system) / 1000);
}, BEAT_MS).unref();

function descriptors(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

function files(): string[] {
  return readdirSync(tmpdir(), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

const isOfRequest = (target: string): boolean => target.startsWith("socket:") || target.startsWith(tmpdir());

function state(): State {
  const { busy = 0, waiting = 0 } = server?.threads ?? {};
  const left = {
    files: files(),
    descriptors: descriptors().filter(isOfRequest).length - quietDescriptors,
    calls: busy + waiting,
    threads,
    resources: process.getActiveResourcesInfo().filter((name) => !quietResources.includes(name)),
  };
  const said = { left, heldMs, undeclared, rss: process.memoryUsage.rss() };
  heldMs = 0;
  undeclared = [];
  return said;
}

let quietDescriptors = 0;
const quietResources = process.getActiveResourcesInfo();

const answers: Record<Question["ask"], (question: Question) => Promise<unknown>> = {
  open: async ({ graceMs }) => {
    server = await serve(app, {
      port: 0,
      logLevel: "silent",
      accessLog: false,
      shutdownGraceMs: graceMs ?? 5_000,
    });
    quietDescriptors = descriptors().filter(isOfRequest).length;
    heldMs = 0;
    return server.url;
  },
  state: async () => state(),
  close: async () => {
    await server?.close();
    server = undefined;
    return undefined;
  },
};

process.on("message", (question: Question) => {
  answers[question.ask](question).then(
    (answer) => process.send?.({ id: question.id, answer }),
    (error: unknown) => process.send?.({ id: question.id, error: String(error) }),
  );
});
process.once("disconnect", () => process.exit());
