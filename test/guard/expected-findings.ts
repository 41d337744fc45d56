/** A finding that a line of source says it has: `// warned: calls fs.readFileSync`. */
export interface ExpectedFinding {
  readonly line: number;
  readonly severity: string;
  readonly does: string;
}

export function expectedFindings(source: string): ExpectedFinding[] {
  return source.split("\n").flatMap((text, index) => {
    const [, severity, does] = /\/\/ (refused|warned|told): (.+)$/.exec(text) ?? [];
    return severity === undefined || does === undefined ? [] : [{ line: index + 1, severity, does }];
  });
}
