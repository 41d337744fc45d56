import { fork } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import type { Ready } from "../serve.ts";
import { parseTaskEnd } from "./task-ends.ts";

/** The app, served by a process of its own. */
export interface AppProcess extends Ready {
  /** What it prints, line by line. */
  readonly lines: Interface;
  /** Its output other than the ends of tasks: warnings and errors in its log. */
  readonly said: readonly string[];
  close(): Promise<void>;
}

/** Serves the app on a free port. If it ends unasked, the client ends too, with the app's output. */
export async function startApp(): Promise<AppProcess> {
  const child = fork(new URL("../serve.ts", import.meta.url), ["--port", "0", "--quiet"], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const lines = createInterface(child.stdout as Readable);
  const said: string[] = [];
  const listen = (line: string): void => {
    if (parseTaskEnd(line) === undefined) said.push(messageOf(line));
  };
  lines.on("line", listen);
  createInterface(child.stderr as Readable).on("line", listen);
  const onClose = (code: number | null, signal: string | null): never => {
    console.error([...said, `The app ended with ${signal ?? `exit code ${code}`}`].join("\n"));
    process.exit(1);
  };
  child.once("close", onClose);
  const [ready] = (await once(child, "message")) as [Ready];
  const close = async (): Promise<void> => {
    child.off("close", onClose);
    child.kill();
    await once(child, "close");
  };
  return { ...ready, lines, said, close };
}

/** A line of the app's log is JSON; its text is in `msg`. */
function messageOf(line: string): string {
  try {
    return (JSON.parse(line) as { msg?: string }).msg ?? line;
  } catch {
    return line;
  }
}
