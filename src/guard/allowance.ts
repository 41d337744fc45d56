import type { RuleName } from "./offence.ts";

/** A comment that allows what a rule finds on its line, or on the next. */
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

export function isAllowed(allowances: readonly Allowance[], rule: RuleName, line: number): boolean {
  return allowances.some((one) => one.rule === rule && (one.line === line || one.line === line - 1));
}
