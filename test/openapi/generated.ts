import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDocument } from "../../src/openapi/document.ts";
import shop from "./shop.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The shop's document as a client generator gets it. */
export function shopDocument(): Record<string, unknown> {
  return JSON.parse(JSON.stringify(createDocument(shop)));
}

/** A folder for generated code. It is below the repository, or the code would not find the packages it imports. */
export function createFolder(): { path: string; remove: () => void } {
  const artifacts = join(root, "test-artifacts");
  mkdirSync(artifacts, { recursive: true });
  const path = mkdtempSync(join(artifacts, "client-"));
  writeFileSync(join(path, "package.json"), JSON.stringify({ type: "module" }));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}

/** Type-checks files of a folder; gives what the compiler has to say. */
export function compile(folder: string, ...files: string[]): string {
  const flags = [
    "--ignoreConfig",
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--allowImportingTsExtensions",
    "--types",
    "node",
  ];
  const modules = ["--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler"];
  const tsc = join(root, "node_modules", ".bin", "tsc");
  const { stdout } = spawnSync(tsc, [...flags, ...modules, ...files], { cwd: folder, encoding: "utf8" });
  return stdout;
}
