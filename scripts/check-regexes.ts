import { Visitor } from "oxc-parser";
import { checkSync, type Diagnostics } from "recheck";
import { type Finding, runCheck } from "./finding.ts";
import { lineAt, type SourceFile, SourceTree } from "./source-tree.ts";

/** A regular expression as written in the source. */
interface FoundRegex {
  readonly file: string;
  readonly line: number;
  readonly pattern: string;
  readonly flags: string;
}

/** A long time for one regex; if it is still undecided then, it counts as unsafe. */
const TIMEOUT_MS = 20_000;

/**
 * Refuses regular expressions whose time grows faster than their input, wherever that input comes from: an expression
 * that matches the developer's text today may match a client's tomorrow.
 */
export function checkRegexes(root: string): Finding[] {
  const tree = new SourceTree(root);
  const found = tree.list("src", [".ts"]).flatMap((file) => regexesOf(tree.parse(file)));
  if (found.length === 0) {
    const fix = "mend scripts/check-regexes.ts: src has regular expressions";
    return [{ file: "src", line: 1, problem: "Cannot check regular expressions: none was found", fix }];
  }
  return found.flatMap(checkRegex);
}

function regexesOf({ path, text, program }: SourceFile): FoundRegex[] {
  const found: FoundRegex[] = [];
  const add = (start: number, pattern: string, flags: string): void => {
    found.push({ file: path, line: lineAt(text, start), pattern, flags });
  };
  const addMade = (node: { start: number; callee: unknown; arguments: readonly unknown[] }): void => {
    const [pattern, flags] = node.arguments.map((argument) => (argument as { value?: unknown }).value);
    if ((node.callee as { name?: unknown }).name !== "RegExp" || typeof pattern !== "string") return;
    add(node.start, pattern, typeof flags === "string" ? flags : "");
  };
  new Visitor({
    Literal: (node) => {
      if ("regex" in node) add(node.start, node.regex.pattern, node.regex.flags);
    },
    NewExpression: addMade,
    CallExpression: addMade,
  }).visit(program);
  return found;
}

function checkRegex({ file, line, pattern, flags }: FoundRegex): Finding[] {
  const diagnostics = checkSync(pattern, flags, { timeout: TIMEOUT_MS });
  if (diagnostics.status === "safe") return [];
  const problem = `Cannot keep /${pattern}/${flags}: ${describe(diagnostics)}`;
  const fix = "have no two of its repetitions match the same text, or split the text instead";
  return [{ file, line, problem, fix }];
}

function describe(diagnostics: Diagnostics): string {
  if (diagnostics.status !== "vulnerable") return "whether its time is linear could not be told";
  return `its time is ${diagnostics.complexity.summary} in the length of ${diagnostics.attack.pattern}`;
}

if (import.meta.main) runCheck("regexes", checkRegexes);
