import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readProcessCpu } from "./process-cpu.ts";
import { announce } from "./report.ts";
import { settings } from "./settings.ts";

const file = fileURLToPath(new URL("../../bench/servers/fastapi_app.py", import.meta.url));
// It ends when its standard input does: with this process, however that ends.
const child = spawn(settings.python ?? "python3", [file], { stdio: ["pipe", "pipe", "inherit"] });
const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
for (;;) {
  const answer = await fetch(`${url}/openapi.json`).catch(() => undefined);
  if (answer?.ok === true) break;
}
const pid = child.pid as number; // it has printed its address
announce(url, undefined, { pid, cpuMicros: () => readProcessCpu(pid) });
