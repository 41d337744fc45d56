#!/usr/bin/env node
import { explained } from "./explained.ts";
import { checkNode } from "./node-version.ts";

try {
  checkNode(process.versions.node, process.execPath);
  // Loaded only now: what it imports is not there in older versions of Node, which would say so and nothing else.
  const { program } = await import("./program.ts");
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${explained(error)}\n`);
  process.exit(1);
}
