import { join } from "node:path";

/** Something that a check refuses: what, where, and the one action that settles it. */
export interface Finding {
  /** Path relative to the root of the repository, with forward slashes. */
  file: string;
  /** Counted from 1. */
  line: number;
  problem: string;
  fix: string;
}

export type Check = (root: string) => Finding[];

export const repositoryRoot: string = join(import.meta.dirname, "..");

/** Orders findings in the order of the tree, so that two runs print the same text. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  // By code unit, since localeCompare depends on the machine's language.
  const before = (a: Finding, b: Finding): boolean =>
    a.file < b.file || (a.file === b.file && a.line < b.line);
  return findings.toSorted((a, b) => Number(before(b, a)) - Number(before(a, b)));
}

export function describeFinding(finding: Finding): string {
  return `${finding.file}:${finding.line} ${finding.problem}\n  fix ${finding.fix}`;
}

/** The command line of every check: prints the findings and sets the exit code. */
export function runCheck(name: string, check: Check): void {
  const findings = sortFindings(check(repositoryRoot));
  for (const finding of findings) console.error(`${describeFinding(finding)}\n`);
  if (findings.length === 0) console.log(`${name}: nothing to report`);
  else console.error(`${name}: ${findings.length} ${findings.length === 1 ? "finding" : "findings"}`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
