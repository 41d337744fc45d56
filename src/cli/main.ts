#!/usr/bin/env node
import { explained } from "./explained.ts";
import { checkNode } from "./versions.ts";

try {
  checkNode(process.versions.node, process.execPath);
  // Loaded only now: it imports what older versions of Node do not have, and they would report nothing but that.
  const { program } = await import("./program.ts");
  await program.parseAsync();
} catch (error) {
  await sayFailure(error);
  process.exit(1);
}

/** Older versions of Node cannot load the code that makes log lines. */
async function sayFailure(error: unknown): Promise<void> {
  try {
    const { failureText } = await import("./failure.ts");
    process.stderr.write(failureText(error));
  } catch {
    process.stderr.write(`${explained(error)}\n`);
  }
}
