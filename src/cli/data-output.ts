type Write = typeof process.stdout.write;

/** How stdout is written to, once it is kept for data. */
let writeData: Write | undefined;

/**
 * Keeps stdout for what a command prints: from now on, what the app writes there goes to stderr, so that a program which
 * reads the command gets nothing else.
 */
export function keepStdoutForData(): void {
  const { stdout, stderr } = process;
  writeData ??= stdout.write.bind(stdout) as Write;
  stdout.write = stderr.write.bind(stderr) as Write;
}

/** Prints what a command was asked for. @param done - Called when it is written. */
export function printData(text: string, done?: () => void): void {
  const write: Write = writeData ?? (process.stdout.write.bind(process.stdout) as Write);
  write(text, done);
}
