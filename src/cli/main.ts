#!/usr/bin/env node
import { explained } from "./explained.ts";
import { checkNode } from "./node-version.ts";

try {
  checkNode(process.versions.node, process.execPath);
  // Loaded only now: what it imports is not there in older versions of Node, which would say so and nothing else.
  const { program } = await import("./program.ts");
  await program.parseAsync();
} catch (error) {
  await sayFailure(error);
  process.exit(1);
}

/** Older versions of Node cannot load what makes lines of a log. */
async function sayFailure(error: unknown): Promise<void> {
  try {
    const { failureText } = await import("./failure.ts");
    process.stderr.write(failureText(error));
  } catch {
    process.stderr.write(`${explained(error)}\n`);
  }
}
