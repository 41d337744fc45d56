import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findSections, isDocComment, parseDoc, type TextLine } from "./doc-comment.ts";
import { type FencedBlock, findFencedBlocks } from "./fenced-block.ts";
import { type Finding, repositoryRoot } from "./finding.ts";
import type { SourceFile, SourceTree } from "./source-tree.ts";

/** Inside the repository, so that `import "offloop"` finds the repository's own package. */
const folder = ".offloop/docs";

/** Type-checks every example of src, README.md and docs as a module of its own. */
export function checkExamples(tree: SourceTree): Finding[] {
  const sources = tree.list("src", [".ts"]).map((file) => tree.parse(file));
  const pages = [...(tree.has("README.md") ? ["README.md"] : []), ...tree.list("docs", [".md"])];
  rmSync(join(tree.root, folder), { recursive: true, force: true });
  const written = new Map<string, string>();
  for (const source of sources) writeBlocks(tree, source.path, readExamples(source), written);
  for (const page of pages) writeBlocks(tree, page, findFencedBlocks(readLines(tree, page)), written);
  return written.size === 0 ? [] : typeCheck(tree, written);
}

/** The fenced blocks of every `@example` in a file, exported or not. */
function readExamples(source: SourceFile): FencedBlock[] {
  return source.comments
    .filter(isDocComment)
    .flatMap((comment) => findSections(parseDoc(source, comment), "example"))
    .flatMap((section) => findFencedBlocks(section.lines));
}

function readLines(tree: SourceTree, page: string): TextLine[] {
  return tree
    .readText(page)
    .split("\n")
    .map((text, at) => ({ text, line: at + 1 }));
}

/**
 * Writes the blocks of one page to a folder of its own, and remembers which file came from where. A block that names a
 * file ("ts app.ts") is saved under that name, so that others on the page can import it.
 */
function writeBlocks(
  tree: SourceTree,
  page: string,
  blocks: readonly FencedBlock[],
  written: Map<string, string>,
): void {
  for (const { info, line, code } of blocks) {
    if (!/^(ts|typescript)$/.test(info[0] ?? "") || info.includes("no-check")) continue;
    const named = `${folder}/${page}/${info.find((word) => /^[\w-]+(\.test)?\.ts$/.test(word))}`;
    const plain = `${folder}/${page}/line-${line}.ts`;
    const path = named.endsWith(".ts") && !written.has(named) ? named : plain;
    mkdirSync(dirname(join(tree.root, path)), { recursive: true });
    // Empty lines before the code make the compiler's line numbers match those of the page.
    writeFileSync(join(tree.root, path), `${"\n".repeat(line - 1)}${code}\n`);
    written.set(path, page);
  }
}

function writeConfig(tree: SourceTree, files: Iterable<string>): string {
  const path = join(tree.root, folder, "tsconfig.json");
  const compilerOptions = {
    noEmit: true,
    declaration: false,
    isolatedDeclarations: false,
    moduleDetection: "force",
    customConditions: ["offloop:source"],
  };
  const fromFolder = [...files].map((file) => `./${file.slice(folder.length + 1)}`);
  const config = { extends: "../../tsconfig.json", compilerOptions, include: [], files: fromFolder };
  writeFileSync(path, JSON.stringify(config, null, 2));
  return path;
}

function typeCheck(tree: SourceTree, written: ReadonlyMap<string, string>): Finding[] {
  const compiler = join(repositoryRoot, "node_modules/typescript/bin/tsc");
  const config = writeConfig(tree, written.keys());
  const args = [compiler, "-p", config, "--pretty", "false"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: tree.root, encoding: "utf8" });
  const diagnostics = [...stdout.matchAll(/^(.+?)\((\d+),\d+\): error (.*(?:\n[ \t]+.*)*)/gm)];
  const findings = diagnostics.flatMap(([, file = "", line, message = ""]) => {
    const page = written.get(file);
    // Errors in src itself are reported by the step that compiles src.
    if (!page) return [];
    const fix = "correct the example, or mark its block `ts no-check` if it cannot stand alone";
    return [{ file: page, line: Number(line), problem: `Cannot compile the example: ${message}`, fix }];
  });
  if (status !== 0 && diagnostics.length === 0) {
    const problem = `Cannot run tsc on the examples: ${stdout}${stderr}`;
    findings.push({ file: "tsconfig.json", line: 1, problem, fix: `run tsc -p ${folder}/tsconfig.json` });
  }
  return findings;
}
