import { type DeclaredAround, isGuard } from "./around.ts";
import type { ErrorHandler, ErrorHandlers } from "./error-handlers.ts";

/** What surrounds everything in a router or an app. */
export interface Layer {
  /** In the order of declaration: the last is the outermost. */
  readonly arounds: readonly DeclaredAround[];
  /** Handlers for the errors of everything in it. */
  readonly errorHandlers: readonly ErrorHandler[];
}

/** The layers around something. */
export interface Layered {
  /** The layers of its app, with the app's own first. */
  readonly layers: readonly Layer[];
  /** The layers of the apps that its app is mounted in, outermost first. They do not answer its errors. */
  readonly outerLayers: readonly Layer[];
}

/** The layers of everything under a prefix. */
export interface LayeredPrefix {
  readonly prefix: string;
  readonly layers: readonly Layer[];
}

/** The error handlers of layers, nearest first. */
export function nearestHandlers(layers: readonly Layer[]): ErrorHandlers[] {
  return layers.map(({ errorHandlers }) => errorHandlers).reverse();
}

/** The same layers, of whose arounds only those are left that decide about handshakes. */
export function guardsOf({ layers, outerLayers }: Layered): Layered {
  const left = (layer: Layer): Layer => ({ ...layer, arounds: layer.arounds.filter(isGuard) });
  return { layers: layers.map(left), outerLayers: outerLayers.map(left) };
}

/**
 * The layers of a path that no operation answers: those of the longest prefix that it begins with, and of equal ones
 * the first.
 */
export function layersAt(path: string, prefixes: readonly LayeredPrefix[]): readonly Layer[] {
  let found: LayeredPrefix | undefined;
  for (const candidate of prefixes) {
    if (found !== undefined && candidate.prefix.length <= found.prefix.length) continue;
    if (isUnder(path, candidate.prefix)) found = candidate;
  }
  return found?.layers ?? [];
}

/**
 * Whether a path as sent lies under a prefix, whose parameters match anything. The router treats escaped letters like
 * the letters themselves, and a front end finds the same file behind any number of slashes.
 */
export function isUnder(path: string, prefix: string): boolean {
  const sent = namesOf(path);
  return namesOf(prefix).every((name, index) => name.includes(":") || name === decoded(sent[index]));
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

function decoded(name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return name;
  }
}
