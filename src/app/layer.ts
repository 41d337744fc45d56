import type { DeclaredAround } from "./around.ts";
import type { ErrorHandler, ErrorHandlers } from "./error-handlers.ts";

/** What a router, or an app, has stand around all that is in it. */
export interface Layer {
  /** In the order of their declaration: the last is the outermost. */
  readonly arounds: readonly DeclaredAround[];
  /** What answers the errors of all that is in it. */
  readonly errorHandlers: readonly ErrorHandler[];
}

/** The layers that something lies within. */
export interface Layered {
  /** Those of its app, the app's own first. */
  readonly layers: readonly Layer[];
  /** Those of the apps that its app is mounted in, the outermost first. They answer no errors of it. */
  readonly outerLayers: readonly Layer[];
}

/** The layers of all that is under a prefix. */
export interface LayeredPrefix {
  readonly prefix: string;
  readonly layers: readonly Layer[];
}

/** The error handlers of layers, the nearest first. */
export function nearestHandlers(layers: readonly Layer[]): ErrorHandlers[] {
  return layers.map(({ errorHandlers }) => errorHandlers).reverse();
}

/** The layers of a path that no operation answers: those of the longest prefix that it begins with, the first of equals. */
export function layersAt(path: string, prefixes: readonly LayeredPrefix[]): readonly Layer[] {
  let found: LayeredPrefix | undefined;
  for (const candidate of prefixes) {
    if (found !== undefined && candidate.prefix.length <= found.prefix.length) continue;
    if (isUnder(path, candidate.prefix)) found = candidate;
  }
  return found?.layers ?? [];
}

/** Whether a path as sent lies under a prefix, whose names stand for anything. Escaped letters are the same letters to the router. */
export function isUnder(path: string, prefix: string): boolean {
  const wanted = prefix.split("/");
  const sent = path.split("/");
  return wanted.every((part, index) => part.includes(":") || part === decoded(sent[index]));
}

function decoded(part: string | undefined): string | undefined {
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return part;
  }
}
