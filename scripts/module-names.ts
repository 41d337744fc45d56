import type {
  Class,
  Declaration,
  ExportNamedDeclaration,
  Function as FunctionNode,
  ImportDeclaration,
  ModuleExportName,
  TSInterfaceDeclaration,
  TSTypeAliasDeclaration,
  VariableDeclarator,
} from "oxc-parser";
import { lineAt, type SourceFile } from "./source-tree.ts";

type DeclaredNode =
  | FunctionNode
  | Class
  | TSInterfaceDeclaration
  | TSTypeAliasDeclaration
  | VariableDeclarator;

export interface Declared {
  source: SourceFile;
  node: DeclaredNode;
  /** Where its statement starts, including `export`: the doc comment comes before it. */
  start: number;
}

/** A name in another module, or, without a specifier, in this one. */
export interface Reference {
  specifier: string | undefined;
  /** "*" stands for the whole module. */
  name: string;
  line: number;
}

/** The meanings of the names in one module. */
export interface ModuleNames {
  /** More than one declaration for overloads, and for a type and a value of the same name. */
  declared: Map<string, Declared[]>;
  imported: Map<string, Reference>;
  exported: Map<string, Reference>;
  /** Specifiers of `export * from`. */
  stars: string[];
}

export function readModuleNames(source: SourceFile): ModuleNames {
  const names: ModuleNames = { declared: new Map(), imported: new Map(), exported: new Map(), stars: [] };
  for (const statement of source.program.body) {
    const line = lineAt(source.text, statement.start);
    switch (statement.type) {
      case "ImportDeclaration":
        addImports(names, statement, line);
        break;
      case "ExportNamedDeclaration":
        addExports(names, source, statement, line);
        break;
      case "ExportAllDeclaration":
        if (!statement.exported) names.stars.push(statement.source.value);
        else
          names.exported.set(nameOf(statement.exported), {
            specifier: statement.source.value,
            name: "*",
            line,
          });
        break;
      case "ExportDefaultDeclaration":
        addDefault(names, source, statement.declaration, statement.start);
        names.exported.set("default", { specifier: undefined, name: "default", line });
        break;
      default:
        addDeclaration(names, source, statement, statement.start);
    }
  }
  return names;
}

function addImports(names: ModuleNames, statement: ImportDeclaration, line: number): void {
  for (const item of statement.specifiers) {
    const imported = { ImportDefaultSpecifier: "default", ImportNamespaceSpecifier: "*" };
    const name = item.type === "ImportSpecifier" ? nameOf(item.imported) : imported[item.type];
    names.imported.set(item.local.name, { specifier: statement.source.value, name, line });
  }
}

function addExports(
  names: ModuleNames,
  source: SourceFile,
  statement: ExportNamedDeclaration,
  line: number,
): void {
  for (const item of statement.specifiers) {
    const itemLine = lineAt(source.text, item.start);
    const [specifier, name] = [statement.source?.value, nameOf(item.local)];
    names.exported.set(nameOf(item.exported), { specifier, name, line: itemLine });
  }
  if (!statement.declaration) return;
  for (const name of addDeclaration(names, source, statement.declaration, statement.start)) {
    if (!names.exported.has(name)) names.exported.set(name, { specifier: undefined, name, line });
  }
}

/** Returns the names that the statement declares. */
function addDeclaration(
  names: ModuleNames,
  source: SourceFile,
  statement: Declaration | { type: string },
  start: number,
): string[] {
  return declaredNodes(statement as Declaration).flatMap((node) => {
    const name = node.id?.type === "Identifier" ? node.id.name : undefined;
    if (!name) return [];
    names.declared.set(name, [...(names.declared.get(name) ?? []), { source, node, start }]);
    return [name];
  });
}

function declaredNodes(statement: Declaration): DeclaredNode[] {
  switch (statement.type) {
    case "VariableDeclaration":
      return statement.declarations;
    case "FunctionDeclaration":
    case "TSDeclareFunction":
    case "ClassDeclaration":
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
      return [statement];
    default:
      return [];
  }
}

function addDefault(
  names: ModuleNames,
  source: SourceFile,
  declaration: { type: string },
  start: number,
): void {
  const node = declaredNodes(declaration as Declaration)[0];
  if (node) names.declared.set("default", [{ source, node, start }]);
}

/** The name on either side of `as` in an import or export. */
function nameOf(node: ModuleExportName): string {
  return node.type === "Literal" ? node.value : node.name;
}
