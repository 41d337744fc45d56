import type { ParamPattern } from "oxc-parser";
import { checkExamples } from "./doc-examples.ts";
import { checkDeclared, listParameters } from "./doc-rules.ts";
import { type Finding, runCheck } from "./finding.ts";
import type { Declared } from "./module-names.ts";
import { listEntryPoints, PublicNames } from "./public-names.ts";
import { SourceTree } from "./source-tree.ts";

/** Refuses public names without documentation, and examples that do not compile. */
export function checkDocs(root: string): Finding[] {
  const tree = new SourceTree(root);
  return [...checkPublicNames(tree), ...checkExamples(tree)];
}

function checkPublicNames(tree: SourceTree): Finding[] {
  const names = new PublicNames(tree);
  const checked = new Set<Declared>();
  return listEntryPoints(tree).flatMap(({ path, line }) => {
    if (tree.has(path)) {
      return names
        .list(path)
        .flatMap((name) => checkName(names, name, names.findExported(path, name), checked));
    }
    const problem = `Cannot read the entry point ${path}: it does not exist`;
    return [{ file: "package.json", line, problem, fix: "correct its offloop:source condition" }];
  });
}

/** Checks a name and the types it carries, each declaration once. */
function checkName(
  names: PublicNames,
  name: string,
  declared: readonly Declared[],
  checked: Set<Declared>,
): Finding[] {
  if (declared.some((one) => checked.has(one))) return [];
  for (const one of declared) checked.add(one);
  const carried = findCarried(names, declared);
  return [
    ...checkDeclared(name, declared),
    ...carried.flatMap(([type, found]) => checkName(names, type, found, checked)),
  ];
}

/** Types that users read through this name even when they are not exported: options objects, extended interfaces. */
function findCarried(names: PublicNames, declared: readonly Declared[]): (readonly [string, Declared[]])[] {
  const [first] = declared;
  if (!first) return [];
  const options = listOptionTypes(first, listParameters(declared) ?? []);
  return [...options, ...listExtended(first)].map((type) => {
    return [type, names.findLocal(first.source.path, type)] as const;
  });
}

function listExtended({ node }: Declared): string[] {
  if (node.type !== "TSInterfaceDeclaration") return [];
  return node.extends.flatMap(({ expression }) =>
    expression.type === "Identifier" ? [expression.name] : [],
  );
}

function listOptionTypes({ node }: Declared, parameters: readonly ParamPattern[]): string[] {
  const elements = node.type === "ClassDeclaration" ? node.body.body : [];
  const ofMethods = elements.flatMap((element) => ("kind" in element ? element.value.params : []));
  return [...parameters, ...ofMethods].flatMap((parameter) => {
    const plain = parameter.type === "TSParameterProperty" ? parameter.parameter : parameter;
    const pattern = plain.type === "AssignmentPattern" ? plain.left : plain;
    const type = pattern.typeAnnotation?.typeAnnotation;
    if (type?.type !== "TSTypeReference" || type.typeName.type !== "Identifier") return [];
    return type.typeName.name.endsWith("Options") ? [type.typeName.name] : [];
  });
}

if (import.meta.main) runCheck("docs", checkDocs);
