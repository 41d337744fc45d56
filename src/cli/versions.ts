import { readFileSync } from "node:fs";
import { OffloopError } from "../errors/offloop-error.ts";
import { ownFile } from "../errors/own-code.ts";

interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
}

const manifest = JSON.parse(readFileSync(ownFile("../package.json"), "utf8")) as Manifest;

/** The version of offloop itself. */
export const ownVersion: string = manifest.version;

/** @throws {OffloopError} `OFFLOOP_NODE_OUTDATED` when this version of Node is older than package.json demands. */
export function checkNode(found: string, file: string): void {
  const needed = manifest.engines.node.replace(">=", "");
  const [major = 0, minor = 0] = numbersOf(needed);
  const [foundMajor = 0, foundMinor = 0] = numbersOf(found);
  if (foundMajor > major || (foundMajor === major && foundMinor >= minor)) return;
  throw new OffloopError(
    "OFFLOOP_NODE_OUTDATED",
    `Cannot run on Node ${found}: offloop needs Node ${needed} or later`,
    { fix: `install Node ${major}, or put it before ${file} in the PATH` },
  );
}

function numbersOf(version: string): number[] {
  return version.split(".").map(Number);
}
