// @ts-check
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const template = fileURLToPath(new URL("./template", import.meta.url));

/** What a new app's folder may contain: it is not anybody's work, and no file of the app has its name. */
const harmless = new Set([".git", ".DS_Store", "Thumbs.db", ".idea", ".vscode"]);

/** Why no app was created, and what to do. */
export class NotCreated extends Error {
  /**
   * @param {string} fact
   * @param {string} fix
   */
  constructor(fact, fix) {
    super(`Cannot create an app: ${fact}\n  fix ${fix}`);
  }
}

/**
 * Copies the template into a folder that is new or empty.
 *
 * @param {string} path - The folder, relative to the one the process is in.
 * @returns {{ folder: string, name: string }} Where it is, and the name in its package.json.
 * @throws {NotCreated} When the folder has files, or cannot be created.
 */
export function createApp(path) {
  const folder = resolve(path);
  checkNode(process.versions.node);
  checkEmpty(folder);
  cpSync(template, folder, { recursive: true });
  // npm leaves .gitignore files out of packages, and other tools may leave out those of an environment.
  for (const name of ["gitignore", "dockerignore", "env.test"])
    renameSync(join(folder, name), join(folder, `.${name}`));
  const name = toPackageName(basename(folder));
  for (const file of ["package.json", "README.md", "app.ts"]) fillIn(join(folder, file), name);
  return { folder, name };
}

function checkNode(/** @type {string} */ version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 16)) return;
  throw new NotCreated(
    `offloop needs Node 24.16 or later, and this is ${version}`,
    "install it: https://nodejs.org",
  );
}

function checkEmpty(/** @type {string} */ folder) {
  const found = listFolder(folder).filter((name) => !harmless.has(name));
  if (found.length === 0) return;
  const rest = found.length > 3 ? ` and ${found.length - 3} more` : "";
  throw new NotCreated(
    `${folder} is not empty: it has ${found.slice(0, 3).join(", ")}${rest}`,
    "name a new folder: npm create offloop my-app",
  );
}

function listFolder(/** @type {string} */ folder) {
  try {
    mkdirSync(folder, { recursive: true });
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new NotCreated(
      `${folder} cannot be a folder (${code})`,
      "name another one: npm create offloop my-app",
    );
  }
}

/** The nearest name that npm accepts. */
function toPackageName(/** @type {string} */ text) {
  const name = text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, 200);
  return name || "app";
}

function fillIn(/** @type {string} */ file, /** @type {string} */ name) {
  writeFileSync(file, readFileSync(file, "utf8").replaceAll("{{name}}", name));
}
