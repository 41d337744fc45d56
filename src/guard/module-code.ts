import { type Comment, type Options, type Program, parse } from "acorn";
import { analyze } from "eslint-scope";
import { type Allowance, readAllowance } from "./declaration.ts";
import type { Scopes } from "./function-scope.ts";
import { descendants, type FunctionNode, isFunction, linkParents, type SyntaxNode } from "./syntax.ts";

/** JavaScript as it runs, parsed: a module, or a function on its own. */
export class ModuleCode {
  readonly scopes: Scopes;
  readonly allowances: readonly Allowance[];
  readonly program: SyntaxNode;

  private constructor(program: Program, comments: readonly Comment[], sourceType: "module" | "commonjs") {
    this.program = program;
    // acorn's nodes are ESTree's; the two only name their types differently.
    const tree = program as unknown as Parameters<typeof analyze>[0];
    this.scopes = analyze(tree, { ecmaVersion: 2026, sourceType }) as unknown as Scopes;
    // Only now: of node types it does not know, the analysis follows every field.
    linkParents(program);
    this.allowances = comments.flatMap(({ value, loc }) => readAllowance(value, loc?.end.line ?? 0) ?? []);
  }

  /** Parses a module of either kind; undefined when it is written in no JavaScript that acorn knows. */
  static parse(source: string): ModuleCode | undefined {
    for (const sourceType of ["module", "commonjs"] as const) {
      const comments: Comment[] = [];
      const program = parseAs(sourceType, source, comments);
      if (program !== undefined) return new ModuleCode(program, comments, sourceType);
    }
    return undefined;
  }

  /** The function that begins at a place: V8 counts from the parenthesis before its parameters. */
  functionAt(line: number, column: number): FunctionNode | undefined {
    const isBefore = (place: { line: number; column: number }): boolean =>
      place.line < line || (place.line === line && place.column <= column - 1);
    let found: FunctionNode | undefined;
    for (const node of descendants(this.program)) {
      if (!isFunction(node) || !node.loc || !node.body.loc) continue;
      // The innermost comes last: it begins before the place, and its body does not.
      if (isBefore(node.loc.start) && !isBefore(node.body.loc.start)) found = node;
    }
    return found;
  }

  /** The first function in it: for code that is nothing else. */
  firstFunction(): FunctionNode | undefined {
    return [...descendants(this.program)].find(isFunction);
  }
}

/** Undefined when the source is of the other kind, or no JavaScript that acorn knows. */
function parseAs(
  sourceType: "module" | "commonjs",
  source: string,
  onComment: Comment[],
): Program | undefined {
  const options: Options = { ecmaVersion: "latest", sourceType, locations: true, ranges: true, onComment };
  try {
    return parse(source, options);
  } catch {
    return undefined;
  }
}
