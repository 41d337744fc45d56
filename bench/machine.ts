import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { findFastApi } from "./python.ts";

/** The machine and the versions that the figures were measured with. */
export interface Machine {
  readonly date: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Load average of the last minute before the run: a value far above 0 means that others use the machine. */
  readonly loadBefore: number;
  readonly packages: Readonly<Record<string, string>>;
}

const compared = ["fastify", "piscina", "hono", "@hono/node-server", "express", "@nestjs/core", "zod"];

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    loadBefore: loadavg()[0] ?? 0,
    packages: { ...Object.fromEntries(compared.map((name) => [name, versionOf(name)])), ...pythonVersions() },
  };
}

function pythonVersions(): Record<string, string> {
  const found = findFastApi();
  return found === undefined ? {} : found.versions;
}

function versionOf(name: string): string {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
