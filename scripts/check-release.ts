import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./finding.ts";

/** What a release says about itself, in its files and in its tag. */
export interface Release {
  /** The published tag: "v1.2.3". */
  tag: string;
  /** `version` of package.json. */
  version: string;
  /** `version` of package-lock.json. */
  lockVersion: string;
  /** `version` of create-offloop/package.json. */
  createVersion: string;
  /** The version of offloop that an app made by create-offloop requires: "^1.2.3". */
  createdRange: string;
  /** The text of CHANGELOG.md. */
  changelog: string;
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Why a release must not be published; empty when its files and its tag agree. */
export function checkRelease(release: Release): string[] {
  const { tag, version, lockVersion, createVersion, createdRange, changelog } = release;
  const [unreleased, [latest, notes] = ["none", ""]] = readSections(changelog);
  const problems: string[] = [];
  if (tag !== `v${version}`) problems.push(`the tag is ${tag}, package.json has ${version}`);
  if (lockVersion !== version) problems.push(`package-lock.json has ${lockVersion}, package.json ${version}`);
  if (createVersion !== version)
    problems.push(`create-offloop/package.json has ${createVersion}, package.json ${version}`);
  if (createdRange !== `^${version}`)
    problems.push(`an app of create-offloop asks for offloop ${createdRange}, not ^${version}`);
  if (latest !== version) problems.push(`the newest section of CHANGELOG.md is ${latest}, not ${version}`);
  else if (notes === "") problems.push(`the section ${version} of CHANGELOG.md says nothing`);
  if (unreleased !== "") problems.push("CHANGELOG.md still has notes under Unreleased");
  return problems;
}

/** The text under Unreleased, and the newest section below it: its version and its notes. */
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
  const readManifest = (name: string): Manifest => JSON.parse(readText(name)) as Manifest;
  const problems = checkRelease({
    tag: process.argv[2] ?? "",
    version: readManifest("package.json").version,
    lockVersion: readManifest("package-lock.json").version,
    createVersion: readManifest("create-offloop/package.json").version,
    createdRange: readManifest("create-offloop/template/package.json").dependencies.offloop ?? "nothing",
    changelog: readText("CHANGELOG.md"),
  });
  for (const problem of problems) console.error(`Cannot release: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
