import { connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Jobs } from "../../app/tasks/jobs.ts";
import { describeError } from "../../errors/described-error.ts";
import { OffloopError } from "../../errors/offloop-error.ts";
import { listenFor, reachedAt } from "./owner-socket.ts";

/** Questions to the process that has the folder open. `follow` is not among them, since it has no single answer. */
const questions = ["get", "list", "attempts", "counts", "cancel", "retry", "retryAll", "cancelAll"] as const;
type Question = (typeof questions)[number];

interface Ask {
  readonly ask: Question;
  readonly args: readonly unknown[];
}

type Answer = { readonly answer: unknown } | { readonly failed: string };

/**
 * Answers, on a socket in the folder, what other processes of this machine ask about the jobs that this process has
 * open.
 *
 * @param onRefused - Called when the system refuses the socket: then nobody can ask, and everything else goes on.
 */
export async function answerAsOwner(
  dir: string,
  jobs: Jobs,
  onRefused: (error: Error) => void,
): Promise<() => Promise<void>> {
  const asking = new Set<Socket>();
  const server = createServer((socket) => {
    asking.add(socket);
    socket.once("close", () => asking.delete(socket));
    answer(socket, jobs).catch(() => {}); // whoever asked has gone
  });
  try {
    await listenFor(dir, server);
  } catch (error) {
    onRefused(error as Error);
  }
  server.on("error", () => {}); // a process that asks is not let in while no descriptor is free
  server.unref();
  return async () => {
    const left = closed(server);
    // One that asks nothing would keep the process from ending.
    for (const socket of asking) socket.destroy();
    await left;
  };
}

/** The jobs of the process that has the folder open; undefined when there is none. */
export async function askOwner(dir: string): Promise<Pick<Jobs, Question> | undefined> {
  try {
    await ask(dir, { ask: "counts", args: [] });
  } catch (error) {
    if (/ECONNREFUSED|ENOENT/.test(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
  const asking = questions.map((name) => [name, (...args: unknown[]) => ask(dir, { ask: name, args })]);
  return Object.fromEntries(asking) as Pick<Jobs, Question>;
}

/** Rejects when the connection breaks. */
async function answer(socket: Socket, jobs: Jobs): Promise<void> {
  socket.on("error", () => {}); // which the lines end with, too
  for await (const line of createInterface(socket)) {
    const said = await answerTo(line, jobs);
    if (!socket.destroyed) socket.end(`${JSON.stringify(said)}\n`);
  }
}

async function answerTo(line: string, jobs: Jobs): Promise<Answer> {
  try {
    const { ask: name, args } = JSON.parse(line) as Ask;
    if (!questions.includes(name)) return { failed: `there is no "${name}"` };
    return { answer: await (jobs[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args) };
  } catch (error) {
    return { failed: describeError(error).message };
  }
}

async function ask(dir: string, question: Ask): Promise<unknown> {
  const socket = connect(await reachedAt(dir));
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  socket.write(`${JSON.stringify(question)}\n`);
  const line = await firstLine(socket).catch(() => undefined);
  if (line === undefined) throw unanswered(dir, "it ended meanwhile", "run the command again");
  const said = JSON.parse(line) as Answer;
  if ("failed" in said)
    throw unanswered(dir, said.failed, "look in its log, or stop it and run the command again");
  return Array.isArray(said.answer) ? said.answer.map(revive) : revive(said.answer);
}

/** Undefined when there is none; rejects when the connection breaks. */
async function firstLine(socket: Socket): Promise<string | undefined> {
  for await (const line of createInterface(socket)) {
    socket.end();
    return line;
  }
  return undefined;
}

function unanswered(dir: string, why: string, fix: string): OffloopError {
  return new OffloopError(
    "OFFLOOP_JOBS_OWNED",
    `Cannot ask the process that has the jobs in ${dir} open: ${why.split("\n")[0]}`,
    { fix },
  );
}

/** What a job or an attempt says of times. Its arguments and its result are the user's, whatever their fields are called. */
const times: ReadonlySet<string> = new Set(["enqueuedAt", "runAt", "startedAt", "endedAt"]);

function revive(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  const fields = Object.entries(answer).map(([name, value]) => [
    name,
    times.has(name) && typeof value === "string" ? new Date(value) : value,
  ]);
  return Object.fromEntries(fields);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
