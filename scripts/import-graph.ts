import { posix } from "node:path";
import { type Expression, type ModuleExportName, Visitor } from "oxc-parser";
import { lineAt, type SourceFile } from "./source-tree.ts";

export interface Import {
  /** As written between the quotes. */
  specifier: string;
  line: number;
  /** True when nothing is loaded at run time. */
  typeOnly: boolean;
  /** Path of the file it names, for a relative specifier. */
  target: string | undefined;
}

/** Every import of a file: static, re-exported, dynamic, `import("...")` types, `require`. */
export function readImports(source: SourceFile): Import[] {
  const imports: Import[] = [];
  const add = (node: { start: number }, specifier: string | undefined, typeOnly: boolean): void => {
    if (specifier === undefined) return;
    const relative = specifier.startsWith(".");
    const target = relative ? posix.join(posix.dirname(source.path), specifier) : undefined;
    imports.push({ specifier, line: lineAt(source.text, node.start), typeOnly, target });
  };
  // `import { type A }` keeps its statement at run time (verbatimModuleSyntax), so only `import type` loads nothing.
  new Visitor({
    ImportDeclaration: (node) => add(node, node.source.value, node.importKind === "type"),
    ExportAllDeclaration: (node) => add(node, node.source.value, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => add(node, node.source?.value, node.exportKind === "type"),
    ImportExpression: (node) => add(node, constantText(node.source), false),
    TSImportType: (node) => add(node, node.source.value, true),
    TSExternalModuleReference: (node) => add(node, node.expression.value, false),
    CallExpression: (node) => {
      const [first] = node.arguments;
      const required = node.callee.type === "Identifier" && node.callee.name === "require";
      if (required && first && first.type !== "SpreadElement") add(node, constantText(first), false);
    },
  }).visit(source.program);
  return imports.sort((a, b) => a.line - b.line);
}

/** The name on either side of `as` in an import or export. */
export function nameOf(node: ModuleExportName): string {
  return node.type === "Literal" ? node.value : node.name;
}

function constantText(node: Expression): string | undefined {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) {
    return node.quasis[0]?.value.cooked ?? undefined;
  }
  return undefined;
}

/** The shortest ring through each file that reaches itself; a file named in one ring starts no other. */
export function findCycles(imports: ReadonlyMap<string, readonly Import[]>): string[][] {
  const cycles: string[][] = [];
  const named = new Set<string>();
  for (const start of imports.keys()) {
    const ring = named.has(start) ? undefined : shortestRing(start, imports);
    if (!ring) continue;
    cycles.push(ring);
    for (const file of ring) named.add(file);
  }
  return cycles;
}

function shortestRing(start: string, imports: ReadonlyMap<string, readonly Import[]>): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const waiting = [start];
  for (const file of waiting) {
    for (const { target } of imports.get(file) ?? []) {
      if (target === start) return walkBack(file, cameFrom);
      if (!target || cameFrom.has(target)) continue;
      cameFrom.set(target, file);
      waiting.push(target);
    }
  }
  return undefined;
}

function walkBack(last: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const ring: string[] = [];
  for (let file: string | undefined = last; file !== undefined; file = cameFrom.get(file)) ring.unshift(file);
  return ring;
}
