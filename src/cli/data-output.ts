type Write = typeof process.stdout.write;

/** How stdout is written to, once it is kept for data. */
let writeData: Write | undefined;

/**
 * Keeps stdout for what a command prints: from now on, what the app writes there goes to stderr, so that a program which
 * reads the command gets nothing else.
 */
export function keepStdoutForData(): void {
  const { stdout, stderr } = process;
  writeData ??= stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
}

/** Why something was not printed; undefined while all was. */
let failure: NodeJS.ErrnoException | undefined;

/** Prints what a command was asked for. */
export function printData(text: string): void {
  write(text, () => {});
}

/**
 * Ends a command when all that it printed is written: whatever the app's module has opened would keep the process alive.
 * The code is 1 if something was not written, as on a full disk: a file must not pass for the whole if it is cut.
 */
export function endCommand(): void {
  write("", () => {
    // A reader like `head` has had enough.
    if (failure !== undefined && failure.code !== "EPIPE") {
      process.stderr.write(`cannot print: ${failure.message}\n`);
      process.exitCode = 1;
    }
    process.exit();
  });
}

function write(text: string, done: () => void): void {
  const { stdout } = process;
  // Each write is checked on its own; without a listener an error would end the process.
  if (!stdout.listeners("error").includes(ignore)) stdout.on("error", ignore);
  const writeText = writeData ?? stdout.write.bind(stdout);
  writeText(text, (error) => {
    failure ??= error ?? undefined;
    done();
  });
}

function ignore(): void {}
