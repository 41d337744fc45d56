import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { BlockReport } from "offloop";

/** Something that the guard or the watchdog said, and the line of the app's source that it named. */
export interface Saying {
  /** The operation or task. */
  readonly subject: string;
  /** `operations/http.ts:29`. */
  readonly at: string;
}

/** What the watchdog said. */
export interface Block extends Saying {
  /** When it began: milliseconds since 1970. */
  readonly startedAt: number;
  readonly ms: number;
}

/** The end of a background task. */
export interface TaskEnd {
  readonly ended: string;
  readonly thread: number;
}

/** The app, served by a process of its own as `offloop run --guard` does. */
export interface AppProcess {
  readonly url: string;
  readonly guard: readonly Saying[];
  readonly blocks: readonly Block[];
  /** Resolves on the next end of this task. */
  taskEnd(name: string): Promise<TaskEnd>;
  /** Warnings and errors in its log. */
  readonly said: readonly string[];
  close(): Promise<void>;
}

interface Line {
  readonly level?: number;
  readonly msg?: string;
  readonly guard?: { readonly subject: string; readonly at: SourcePlace };
  readonly blocked?: BlockReport;
  readonly ended?: string;
}

interface SourcePlace {
  readonly file: string;
  readonly line: number;
}

const folder = fileURLToPath(new URL("../", import.meta.url));

/** @param environment - Addresses of what it waits for. */
export async function startApp(environment: Readonly<Record<string, string>>): Promise<AppProcess> {
  const command = [fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url)), "run"];
  const options = ["--guard", "--port", "0", "--no-access-log"];
  const child = spawn(
    process.execPath,
    [
      "--conditions=offloop:source",
      "--disable-warning=ExperimentalWarning",
      ...command,
      `${folder}app.ts`,
      ...options,
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } },
  );
  const guard: Saying[] = [];
  const blocks: Block[] = [];
  const said: string[] = [];
  const events = new EventEmitter();
  const hear = (text: string): void => {
    const line = parse(text);
    if (line.guard !== undefined) guard.push(findingOf(line.guard));
    else if (line.blocked !== undefined) blocks.push(blockOf(line.blocked));
    else if (line.ended !== undefined) events.emit(line.ended, line);
    else if ((line.level ?? 40) >= 40) said.push(line.msg ?? text);
    const url = /listens on (http:\S+)/.exec(line.msg ?? "")?.[1];
    if (url !== undefined) events.emit("listens", url);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface(stream as Readable).on("line", hear);
  const [url] = await Promise.race([once(events, "listens"), ended(child, said)]);
  return {
    url,
    guard,
    blocks,
    said,
    taskEnd: async (name) => (await once(events, name))[0],
    close: () => close(child),
  };
}

async function ended(child: ChildProcess, said: readonly string[]): Promise<never> {
  const [code] = await once(child, "close");
  throw new Error(`The app ended with ${code}:\n${said.join("\n")}`);
}

async function close(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill();
  await closed;
}

function parse(text: string): Line {
  try {
    return JSON.parse(text);
  } catch {
    return { msg: text };
  }
}

/** The watchdog writes names of tasks without quotes. */
function findingOf({ subject, at }: NonNullable<Line["guard"]>): Saying {
  return { subject: subject.replaceAll('"', ""), at: placeOf(at) };
}

function blockOf({ culprits, durationMs, startedAt }: BlockReport): Block {
  const [culprit] = culprits;
  const at = culprit?.at === undefined ? "" : placeOf(culprit.at);
  return { subject: culprit?.operation ?? "", at, startedAt, ms: durationMs };
}

function placeOf({ file, line }: SourcePlace): string {
  return `${file.replace(folder, "")}:${line}`;
}
