import { readFileSync } from "node:fs";
import type { RuleName } from "./finding.ts";

/** A comment that allows what a rule finds on its line or the next. */
export interface Allowance {
  readonly rule: RuleName;
  readonly line: number;
}

const pattern = /^\s*offloop-allow\s+(state|blocking|promise)\s*:\s*\S/;

/** Reads `offloop-allow blocking: why`. Without the reason it allows nothing. */
export function readAllowance(comment: string, line: number): Allowance | undefined {
  const rule = pattern.exec(comment)?.[1];
  return rule === undefined ? undefined : { rule: rule as RuleName, line };
}

/** The allowances of a source file, which need not be runnable code; none if it cannot be read. */
export function readAllowances(file: string): readonly Allowance[] {
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    return lines.flatMap((line, index) => readAllowance(/\/[/*](.*)/.exec(line)?.[1] ?? "", index + 1) ?? []);
  } catch {
    return [];
  }
}

/** Whether one of them stands on the line, or on the line before. */
export function isAllowed(allowances: readonly Allowance[], rule: RuleName, line: number): boolean {
  return allowances.some((one) => one.rule === rule && (one.line === line || one.line === line - 1));
}
