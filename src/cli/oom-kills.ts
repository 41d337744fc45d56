import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";

/**
 * How many processes of this control group the kernel has killed since its memory ran out; undefined where it does not
 * say.
 */
export function countOomKills(): number | undefined {
  for (const file of files()) {
    const count = /^oom_kill (\d+)$/m.exec(textOf(file) ?? "")?.[1];
    if (count !== undefined) return Number(count);
  }
  return undefined;
}

/** In a container, the group that `/proc` names may be mounted as the root. */
function files(): string[] {
  return [
    ...[groupOf(""), "/"].map((group) => join(ROOT, group, "memory.events")),
    ...[groupOf("memory"), "/"].map((group) => join(ROOT, "memory", group, "memory.oom_control")),
  ];
}

/** The group of this process that a controller has; in version 2, where there is one group, the name is empty. */
function groupOf(controller: string): string {
  const lines = (textOf("/proc/self/cgroup") ?? "").split("\n").map((line) => line.split(":"));
  const [, , ...path] = lines.find(([, names]) => names?.split(",").includes(controller)) ?? [];
  return path.join(":") || "/"; // containerd's names have colons
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // another system, another version of control groups, or no right to read it
  }
}
