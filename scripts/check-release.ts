import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./finding.ts";

/** What a release says of itself, in its files and in its tag. */
export interface Release {
  /** The tag that is published: "v1.2.3". */
  tag: string;
  /** `version` of package.json. */
  version: string;
  /** `version` of package-lock.json. */
  lockVersion: string;
  /** The text of CHANGELOG.md. */
  changelog: string;
}

/** Why a release must not go out; empty when its files and its tag agree. */
export function checkRelease({ tag, version, lockVersion, changelog }: Release): string[] {
  const [unreleased, [latest, notes] = ["none", ""]] = readSections(changelog);
  const problems: string[] = [];
  if (tag !== `v${version}`) problems.push(`the tag is ${tag}, package.json has ${version}`);
  if (lockVersion !== version) problems.push(`package-lock.json has ${lockVersion}, package.json ${version}`);
  if (latest !== version) problems.push(`the newest section of CHANGELOG.md is ${latest}, not ${version}`);
  else if (notes === "") problems.push(`the section ${version} of CHANGELOG.md says nothing`);
  if (unreleased !== "") problems.push("CHANGELOG.md still has notes under Unreleased");
  return problems;
}

/** What stands under Unreleased, and the newest section below it: its version and its notes. */
function readSections(changelog: string): [string, [string, string]?] {
  const [, ...sections] = changelog.split(/^## /m);
  const texts = sections.map((section): [string, string] => {
    const [title = "", ...lines] = section.split("\n");
    return [title.trim().split(" ")[0] ?? "", lines.join("\n").trim()];
  });
  const pending = texts.find(([title]) => title === "Unreleased")?.[1] ?? "";
  const released = texts.find(([title]) => title !== "Unreleased");
  return released ? [pending, released] : [pending];
}

if (import.meta.main) {
  const readText = (name: string): string => readFileSync(join(repositoryRoot, name), "utf8");
  const readVersion = (name: string): string => (JSON.parse(readText(name)) as { version: string }).version;
  const problems = checkRelease({
    tag: process.argv[2] ?? "",
    version: readVersion("package.json"),
    lockVersion: readVersion("package-lock.json"),
    changelog: readText("CHANGELOG.md"),
  });
  for (const problem of problems) console.error(`Cannot release: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
