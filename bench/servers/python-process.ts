import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { readProcessCpu } from "./process-cpu.ts";
import { announce } from "./report.ts";
import { settings } from "./settings.ts";

/** Runs a Python server, which prints its address, and speaks for it. */
export async function runPython(file: string): Promise<void> {
  // It ends together with its standard input: with this process, however that ends.
  const child = spawn(settings.python ?? "python3", [file], { stdio: ["pipe", "pipe", "inherit"] });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  for (;;) {
    const answer = await fetch(`${url}/openapi.json`).catch(() => undefined);
    if (answer?.ok === true) break;
  }
  const pid = child.pid as number; // it has printed its address
  announce(url, undefined, { pid, cpuMicros: () => readProcessCpu(pid) });
}
