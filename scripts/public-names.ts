import { posix } from "node:path";
import { type Declared, type ModuleNames, type Reference, readModuleNames } from "./module-names.ts";
import { lineAt, type SourceTree } from "./source-tree.ts";

export interface EntryPoint {
  /** Path of the source file that package.json names. */
  path: string;
  /** Line of package.json that names it. */
  line: number;
}

/** The source files that package.json exposes to users. */
export function listEntryPoints(tree: SourceTree): EntryPoint[] {
  const text = tree.readText("package.json");
  const pack = JSON.parse(text) as { exports?: Record<string, unknown> };
  return Object.values(pack.exports ?? {}).flatMap((conditions) => {
    const path = (conditions as Record<string, unknown>)["offloop:source"];
    if (typeof path !== "string") return [];
    return [{ path: posix.normalize(path), line: lineAt(text, text.indexOf(`"${path}"`)) }];
  });
}

/** Follows names through imports and re-exports to the files that declare them. */
export class PublicNames {
  readonly #tree: SourceTree;
  readonly #modules = new Map<string, ModuleNames>();

  constructor(tree: SourceTree) {
    this.#tree = tree;
  }

  /** The names that a module exports, including those of `export *`. */
  list(path: string, seen: Set<string> = new Set()): string[] {
    const module = this.#read(path);
    if (!module || seen.has(path)) return [];
    seen.add(path);
    const behindStars = module.stars.flatMap((specifier) => {
      return this.list(resolveFrom(path, specifier), seen).filter((name) => name !== "default");
    });
    return [...new Set([...module.exported.keys(), ...behindStars])];
  }

  /** The declarations behind an exported name; none when it is declared by another package. */
  findExported(path: string, name: string, seen: Set<string> = new Set()): Declared[] {
    const module = this.#read(path);
    const step = `${name} of ${path}`;
    if (!module || seen.has(step)) return [];
    seen.add(step);
    const reference = module.exported.get(name);
    if (reference) return this.#follow(path, reference, seen);
    for (const specifier of module.stars) {
      const found = this.findExported(resolveFrom(path, specifier), name, seen);
      if (found.length > 0) return found;
    }
    return [];
  }

  /** The declarations behind a name used inside a module. */
  findLocal(path: string, name: string, seen: Set<string> = new Set()): Declared[] {
    const module = this.#read(path);
    const imported = module?.imported.get(name);
    return imported ? this.#follow(path, imported, seen) : (module?.declared.get(name) ?? []);
  }

  #follow(path: string, { specifier, name }: Reference, seen: Set<string>): Declared[] {
    if (!specifier) return this.findLocal(path, name, seen);
    return this.findExported(resolveFrom(path, specifier), name, seen);
  }

  #read(path: string): ModuleNames | undefined {
    const known = this.#modules.get(path);
    if (known || !path.endsWith(".ts") || !this.#tree.has(path)) return known;
    const module = readModuleNames(this.#tree.parse(path));
    this.#modules.set(path, module);
    return module;
  }
}

/** A package keeps its name, which is not a path in this tree. */
function resolveFrom(path: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
}
