import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { callerLocation } from "../errors/location.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";
import { shownValue } from "../errors/shown-value.ts";
import { checkMountPath } from "./mount.ts";
import { checkOptionNames } from "./option-names.ts";

/** How a front end is served. */
export interface FrontendOptions {
  /**
   * What answers a path that is not a file when the client wants a page: `"index.html"` with 200, for a page that
   * handles paths itself; `"404.html"` with 404, for static sites; `"auto"` is `404.html` if it exists, else
   * `index.html`; null for the JSON of any 404, which other clients get in any case. Default `"auto"`.
   */
  readonly fallback?: "auto" | "index.html" | "404.html" | null | undefined;
}

/** A front end as declared. */
export interface Frontend {
  /** The start of its paths, without a trailing slash: empty for all paths. */
  readonly path: string;
  /** The absolute path of the folder. */
  readonly folder: string;
  readonly fallback: "auto" | "index.html" | "404.html" | null;
  readonly location: SourceLocation;
}

const fallbacks: readonly unknown[] = ["auto", "index.html", "404.html", null];

/** @throws {OffloopError} `OFFLOOP_PATH_INVALID`, `OFFLOOP_OPTION_INVALID`, `OFFLOOP_OPTION_UNKNOWN`. */
export function createFrontend(path: string, folder: string | URL, options: FrontendOptions): Frontend {
  const location = callerLocation();
  if (path !== "/") checkMountPath("serve a front end", path, location);
  checkOptionNames("serve a front end", options, { fallback: true }, location);
  const { fallback = "auto" } = options;
  if (!fallbacks.includes(fallback)) {
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot serve a front end: fallback is ${shownValue(fallback)}`,
      { at: location, fix: 'use "auto", "index.html", "404.html" or null' },
    );
  }
  const given = folder instanceof URL ? fileURLToPath(folder) : folder;
  return { path: path === "/" ? "" : path, folder: resolve(given), fallback, location };
}
