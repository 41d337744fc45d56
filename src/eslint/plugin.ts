import type { ESLint, Linter, Rule, SourceCode } from "eslint";
import { isAllowed, readAllowance } from "../guard/allowance.ts";
import { findDeclarations } from "../guard/declaration.ts";
import type { RuleName } from "../guard/finding.ts";
import type { Scopes } from "../guard/function-scope.ts";
import { checkFunction, type FoundOffence, sentence } from "../guard/rules.ts";
import type { SyntaxNode } from "../guard/syntax.ts";

interface Report {
  readonly offence: FoundOffence;
  readonly message: string;
}

/** The three rules share their findings, which are computed once per file. */
const reports = new WeakMap<SourceCode, readonly Report[]>();

function reportsOf(code: SourceCode): readonly Report[] {
  const known = reports.get(code);
  if (known !== undefined) return known;
  const found = findReports(code);
  reports.set(code, found);
  return found;
}

function findReports(code: SourceCode): Report[] {
  const scopes = code.scopeManager as unknown as Scopes;
  const declarations = findDeclarations(code.ast as unknown as SyntaxNode, scopes);
  const allowances = code
    .getAllComments()
    .flatMap(({ value, loc }) => readAllowance(value, loc?.end.line ?? 0) ?? []);
  return declarations.flatMap((declared) =>
    checkFunction(declared, scopes)
      .filter(({ rule, node }) => !isAllowed(allowances, rule, node.loc?.start.line ?? 0))
      .map((offence) => {
        const problem = sentence(declared.subject, declared.lane, offence);
        return { offence, message: `${problem}. Fix: ${offence.fix}` };
      }),
  );
}

function createRule(name: RuleName, description: string): Rule.RuleModule {
  return {
    meta: { type: "problem", docs: { description, recommended: true }, schema: [] },
    create: (context) => ({
      "Program:exit": () => {
        for (const { offence, message } of reportsOf(context.sourceCode))
          if (offence.rule === name) context.report({ node: offence.node as unknown as Rule.Node, message });
      },
    }),
  };
}

const rules: Record<RuleName, Rule.RuleModule> = {
  state: createRule("state", "Refuse functions on threads that change variables outside themselves"),
  blocking: createRule("blocking", "Warn of calls that block the event loop in functions that run on it"),
  promise: createRule("promise", "Warn of plain functions that return a promise, and so run on a thread"),
};

const base: ESLint.Plugin = { meta: { name: "offloop", namespace: "offloop" }, rules };

const recommended: Linter.Config = {
  name: "offloop/recommended",
  plugins: { offloop: base },
  rules: {
    "offloop/state": "error",
    "offloop/blocking": "warn",
    "offloop/promise": "warn",
    // They would remove an async that awaits nothing, which is what keeps such a function on the loop. ESLint lets a
    // rule be off whose plugin is not there.
    "require-await": "off",
    "@typescript-eslint/require-await": "off",
  },
};

/**
 * The guard's rules for ESLint 9 and 10 (flat config) and for oxlint's JS plugins. They check what `app.get(...)`,
 * `app.task(...)` and the like declare, and the functions of the same file that are called from there.
 *
 * `offloop/state`: a function on a thread must not change variables outside itself. `offloop/blocking`: a function on
 * the event loop should not call what blocks it. `offloop/promise`: a plain function that returns a promise is probably
 * meant to be async. `// offloop-allow blocking: why` silences one finding on its line or the next.
 *
 * For TypeScript the config entry also needs `files` and a parser: see `docs/blocking.md`.
 *
 * @example
 * ```ts
 * // eslint.config.js
 * import offloop from "offloop/eslint";
 *
 * export default [offloop.configs.recommended];
 * ```
 */
const plugin: ESLint.Plugin & {
  /** The rules by name. */
  readonly rules: Record<RuleName, Rule.RuleModule>;
  /** Ready-made configurations. */
  readonly configs: {
    /**
     * All rules: `state` as an error, the others as warnings. It turns `require-await` and
     * `@typescript-eslint/require-await` off, which fight the rule: an `async` that awaits nothing keeps a function on
     * the event loop. Place it after the configurations that turn them on.
     */
    readonly recommended: Linter.Config;
  };
} = { ...base, rules, configs: { recommended } };

export default plugin;
