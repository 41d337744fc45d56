#!/usr/bin/env node
// @ts-check
import { relative } from "node:path";
import { createApp, NotCreated } from "./new-app.js";

const usage = `Usage: npm create offloop [folder]

Makes an app in the folder, which must be new or empty. Without one, in the folder you are in.`;

/** Says what to type next, with the package manager that was used to get here. */
function describeNextSteps(/** @type {string} */ folder) {
  const [, manager = "npm"] = /^(npm|pnpm|yarn|bun)\//.exec(process.env.npm_config_user_agent ?? "") ?? [];
  const path = relative(process.cwd(), folder);
  const change = path === "" ? [] : [`cd ${/\s/.test(path) ? JSON.stringify(path) : path}`];
  const commands = [...change, `${manager} install`, `${manager} run dev`];
  return commands.map((command) => `  ${command}\n`).join("");
}

const words = process.argv.slice(2);
try {
  if (words.includes("--help") || words.includes("-h")) console.log(usage);
  else if (words.length > 1 || words[0]?.startsWith("-"))
    throw new NotCreated(`${words.join(" ")} is not the name of one folder`, "npm create offloop my-app");
  else {
    const { folder, name } = createApp(words[0] ?? ".");
    console.log(`${name} is ready. Next:\n\n${describeNextSteps(folder)}`);
  }
} catch (error) {
  if (!(error instanceof NotCreated)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
