import { type Finding, runCheck } from "./finding.ts";
import { readModuleNames } from "./module-names.ts";
import { type SourceFile, SourceTree } from "./source-tree.ts";

/** Words that name a drawer, not a thing. */
const emptyWords = new Set(
  ["util", "helper", "manager", "common", "misc", "lib"].flatMap((word) => [word, `${word}s`]),
);

const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;

// Put together from parts, so that this file may be searched too.
const unfinishedMark = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "X".repeat(3)].join("|")})\\b`);

const codeFolders = ["src", "test", "scripts", "bench", "examples"];
const finishedFolders = ["src", "test", "examples", "bench"];
const textFiles = [".ts", ".js", ".mjs", ".json", ".md", ".html", ".css", ".sql", ".yml", ".yaml"];

/** Refuses names that say nothing, file names that are not kebab-case, and marks of unfinished work. */
export function checkNames(root: string): Finding[] {
  const tree = new SourceTree(root);
  return [
    ...tree.list("src", [""]).flatMap(checkPathWords),
    ...codeFolders.flatMap((folder) => tree.list(folder, [".ts"])).flatMap(checkPathCase),
    ...tree.list("src", [".ts"]).flatMap((file) => checkExports(tree.parse(file))),
    ...finishedFolders
      .flatMap((folder) => tree.list(folder, textFiles))
      .flatMap((file) => checkMarks(tree, file)),
  ];
}

function emptyWordIn(name: string): string | undefined {
  const words = name.replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3 $2").split(/[^A-Za-z0-9]+/);
  return words.find((word) => emptyWords.has(word.toLowerCase()));
}

function checkPathWords(file: string): Finding[] {
  const word = emptyWordIn(file.slice("src/".length));
  if (!word) return [];
  const problem = `Cannot call a file ${file}: "${word}" does not say what is in it`;
  return [{ file, line: 1, problem, fix: "name it after the one noun it declares" }];
}

function checkPathCase(file: string): Finding[] {
  const part = file.split("/").find((name) => !kebabCase.test(name));
  if (!part) return [];
  return [
    { file, line: 1, problem: `Cannot call a file "${part}": names are kebab-case`, fix: `rename "${part}"` },
  ];
}

function checkExports(source: SourceFile): Finding[] {
  return [...readModuleNames(source).exported].flatMap(([name, { line }]) => {
    const word = emptyWordIn(name);
    if (!word) return [];
    const problem = `Cannot export "${name}": "${word}" does not say what it is`;
    return [
      {
        file: source.path,
        line,
        problem,
        fix: "name it after what it is (a noun) or does (a verb and a noun)",
      },
    ];
  });
}

function checkMarks(tree: SourceTree, file: string): Finding[] {
  return tree
    .readText(file)
    .split("\n")
    .flatMap((text, at) => {
      const mark = unfinishedMark.exec(text)?.[1];
      if (!mark) return [];
      const fix = "finish the work now, or open an issue and remove the mark";
      return [{ file, line: at + 1, problem: `Cannot keep a ${mark}`, fix }];
    });
}

if (import.meta.main) runCheck("names", checkNames);
