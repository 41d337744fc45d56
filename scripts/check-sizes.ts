import { Visitor } from "oxc-parser";
import { type Finding, runCheck } from "./finding.ts";
import { countLines, lineAt, type SourceFile, SourceTree } from "./source-tree.ts";

export interface LongFile {
  /** Lines at most; never above the hard limit. */
  ceiling: number;
  reason: string;
}

/** Files of src that may pass 200 lines, each with why. */
const longFiles: Readonly<Record<string, LongFile>> = {};

const maxSourceLines = 200;
const hardMaxSourceLines = 250;
const maxFunctionLines = 50;
const maxOtherLines = 300;

const extensions = [".ts", ".js", ".css", ".html"];

/** Refuses files and functions too long to be read in one go. */
export function checkSizes(root: string, allowed: Readonly<Record<string, LongFile>> = longFiles): Finding[] {
  const tree = new SourceTree(root);
  const others = ["scripts", "bench", "test"].flatMap((folder) => tree.list(folder, extensions));
  return [
    ...checkAllowed(tree, allowed),
    ...tree.list("src", extensions).flatMap((file) => {
      const limit = Math.min(allowed[file]?.ceiling ?? maxSourceLines, hardMaxSourceLines);
      return checkFile(tree, file, limit);
    }),
    ...others.flatMap((file) => checkFile(tree, file, maxOtherLines)),
    ...tree.list("src", [".ts"]).flatMap((file) => checkFunctions(tree.parse(file))),
  ];
}

function checkAllowed(tree: SourceTree, allowed: Readonly<Record<string, LongFile>>): Finding[] {
  return Object.entries(allowed).flatMap(([file, { ceiling }]) => {
    const lines = tree.has(file) ? countLines(tree.readText(file)) : 0;
    if (lines > maxSourceLines && ceiling <= hardMaxSourceLines) return [];
    const fact =
      ceiling > hardMaxSourceLines
        ? `its ceiling is ${ceiling}, the hard limit ${hardMaxSourceLines}`
        : `it has ${lines} lines and needs no exception`;
    const fix = "correct or remove the entry in longFiles in scripts/check-sizes.ts";
    return [{ file, line: 1, problem: `Cannot keep the exception for ${file}: ${fact}`, fix }];
  });
}

function checkFile(tree: SourceTree, file: string, limit: number): Finding[] {
  const lines = countLines(tree.readText(file));
  if (lines <= limit) return [];
  const problem = `Cannot keep a file of ${lines} lines: the limit is ${limit}`;
  return [{ file, line: limit + 1, problem, fix: "move one of its nouns into a file of its own" }];
}

function checkFunctions(source: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const check = (node: { start: number; end: number }): void => {
    const line = lineAt(source.text, node.start);
    const lines = lineAt(source.text, node.end) - line + 1;
    if (lines <= maxFunctionLines) return;
    findings.push({
      file: source.path,
      line,
      problem: `Cannot keep a function of ${lines} lines: the limit is ${maxFunctionLines} (${firstLine(source, node.start)})`,
      fix: "take one of its steps out into a function with a name",
    });
  };
  new Visitor({
    FunctionDeclaration: check,
    FunctionExpression: check,
    ArrowFunctionExpression: check,
  }).visit(source.program);
  return findings;
}

/** The line as written shows the name of a function wherever it comes from: a method, a property, a const. */
function firstLine(source: SourceFile, offset: number): string {
  const start = source.text.lastIndexOf("\n", offset) + 1;
  const end = source.text.indexOf("\n", offset);
  return source.text.slice(start, end === -1 ? undefined : end).trim();
}

if (import.meta.main) runCheck("sizes", checkSizes);
