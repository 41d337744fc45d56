import { types } from "node:util";

const MAX_VISITED = 10_000;

/**
 * Finds what in a value cannot be sent to another thread by the structured clone algorithm, as a path: `[0].onDone`.
 * Looks at no more than 10,000 values; what lies beyond is found when it is sent.
 *
 * @param root - How the value is called in the path.
 */
export function findUncloneable(value: unknown, root: string): string | undefined {
  try {
    return findIn(value, root);
  } catch {
    return `${root} (a getter in it throws)`;
  }
}

function findIn(value: unknown, root: string): string | undefined {
  const seen = new Set<object>();
  const waiting: [unknown, string][] = [[value, root]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [part, path] = next;
    if (typeof part === "function") return `${path} (a function)`;
    if (typeof part === "symbol") return `${path} (a symbol)`;
    if (part === null || typeof part !== "object" || seen.has(part)) continue;
    const why = uncloneableObject(part);
    if (why !== undefined) return `${path} (${why})`;
    seen.add(part);
    if (seen.size > MAX_VISITED) return undefined;
    for (const child of children(part, path)) waiting.push(child);
  }
  return undefined;
}

function uncloneableObject(object: object): string | undefined {
  if (types.isPromise(object)) return "a promise";
  if (types.isProxy(object)) return "a proxy";
  if (object instanceof WeakMap || object instanceof WeakSet || object instanceof WeakRef)
    return "a weak reference";
  if (types.isGeneratorObject(object)) return "a generator";
  return undefined;
}

function children(object: object, path: string): [unknown, string][] {
  if (ArrayBuffer.isView(object) || types.isAnyArrayBuffer(object)) return [];
  if (Array.isArray(object)) return object.map((item, index) => [item, `${path}[${index}]`]);
  if (object instanceof Map) {
    return [...object].flatMap(([key, item]): [unknown, string][] => [
      [key, `${path} key`],
      [item, `${path}.get(${String(key)})`],
    ]);
  }
  if (object instanceof Set) return [...object].map((item) => [item, `${path} item`]);
  return Object.entries(object).map(([key, item]) => [item, `${path}.${key}`]);
}
