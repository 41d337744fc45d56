import { globSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ICruiseResult, IViolation } from "dependency-cruiser";
import { repositoryRoot } from "./finding.ts";
import { importRules, rooms } from "./import-rules.ts";

// dependency-cruiser reads TypeScript through the package of that name, up to version 6; next to version 7 it reads no
// module and passes.
const { resolve } = createRequire(new URL("./typescript6/package.json", import.meta.url));
registerHooks({
  resolve: (specifier, context, next) => {
    const isAsked = context.parentURL?.includes("/node_modules/dependency-cruiser/");
    if (!isAsked || !/^typescript(\/|$)/.test(specifier)) return next(specifier, context);
    return { url: pathToFileURL(resolve(specifier)).href, shortCircuit: true };
  },
});
const { cruise } = await import("dependency-cruiser");
const { default: readTsConfig } = await import("dependency-cruiser/config-utl/extract-ts-config");

/** The refused imports below src, each with its rule and a fix; empty when all is well. */
export async function checkImports(root: string): Promise<string> {
  const tsConfig = readTsConfig(join(root, "tsconfig.json"));
  const { output } = await cruise(
    ["src"],
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden: importRules },
      tsPreCompilationDeps: true,
      doNotFollow: { path: "node_modules" },
      preserveSymlinks: true,
    },
    {
      extensions: [".ts", ".js"],
      exportsFields: ["exports"],
      conditionNames: ["offloop:source", "import", "node", "types"],
    },
    { tsConfig },
  );
  const result = output as ICruiseResult;
  return describeUnread(root, result) ?? result.summary.violations.map(describeViolation).join("\n");
}

function describeViolation({ rule, from, to, cycle }: IViolation): string {
  const chain = [from, ...(cycle?.map(({ name }) => name) ?? [to])].join(" -> ");
  const fix = importRules.find(({ name }) => name === rule.name)?.comment;
  return `${chain}\n  ${rule.name}; ${fix}`;
}

/** A check that has read nothing finds nothing: names the files and rooms that it has not covered. */
function describeUnread(root: string, { modules }: ICruiseResult): string | undefined {
  const read = new Set(modules.map(({ source }) => source));
  const files = globSync("src/**/*.ts", { cwd: root }).map((file) => file.replaceAll("\\", "/"));
  const missing = files.filter((file) => !read.has(file));
  if (files.length === 0) return "Cannot check the imports: src has no .ts file";
  if (missing.length > 0)
    return `Cannot check the imports: ${missing.length} files were not read (${missing[0]})`;
  const edges = modules.flatMap((module) => module.dependencies);
  if (edges.length === 0) return `Cannot check the imports: none was found in ${files.length} files`;
  const roomless = files.find(
    (file) => file.split("/").length > 2 && !rooms.includes(file.split("/")[1] ?? ""),
  );
  if (!roomless) return undefined;
  return `Cannot tell what ${roomless} may import: add its folder to the table of scripts/import-rules.ts`;
}

if (import.meta.main) {
  const problem = await checkImports(repositoryRoot);
  console.log(problem || "imports: nothing to report");
  process.exitCode = problem ? 1 : 0;
}
