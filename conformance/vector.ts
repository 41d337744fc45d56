import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A body as it was recorded. */
export interface RecordedBody {
  readonly text?: string;
  readonly base64?: string;
  readonly json?: unknown;
}

/** A request and what FastAPI answered. */
export interface Exchange {
  readonly kind: string;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers?: [string, string][];
    readonly omit_default_headers?: string[];
    readonly body?: RecordedBody;
    /** Scheme, host and port, where they are not the default ones. */
    readonly origin?: string;
    /** The prefix that a proxy has put before the path. */
    readonly root_path?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: [string, string][];
    readonly body: RecordedBody | null;
  };
  readonly volatile?: string[];
  readonly raised?: string;
  /** For a WebSocket: what the client, "c", and the server, "s", have done, in ASGI's terms. */
  readonly frames?: [from: "c" | "s", message: SocketFrame][];
  /** The replacements of dependencies. */
  readonly dependency_overrides?: string[];
}

/** One step of a WebSocket. */
export interface SocketFrame {
  readonly type: string;
  readonly text?: string;
  readonly code?: number;
}

/** Exchanges that belong together. */
export interface Case {
  readonly apps: string[];
  /** FastAPI's own tests that it was recorded from. */
  readonly tests: string[];
  readonly exchanges: Exchange[];
  /** What was done apart from sending, in words. */
  readonly setup?: string;
}

/** One chapter of the tutorial. */
export interface Chapter {
  readonly chapter: string;
  readonly default_request_headers: Readonly<Record<string, string>>;
  readonly cases: Case[];
}

/**
 * The folder with the recordings: `shared/vectors`, next to the repository or next to a folder that contains it.
 *
 * @throws {Error} When there is none.
 */
export function findVectors(from: string): string {
  const folder = join(from, "shared", "vectors");
  if (existsSync(folder)) return folder;
  if (dirname(from) === from)
    throw new Error("No recordings: expected a folder shared/vectors, or --vectors <folder>");
  return findVectors(dirname(from));
}

/** Reads the recorded chapters in a folder. */
export function readChapters(folder: string): Chapter[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Chapter);
}

/** The names of the apps of a case. If the test made its app itself, the test's name says which tutorial it is. */
export function appNames({ apps, tests }: Case): string[] {
  if (apps.length > 0) return apps.map(appName);
  return tests.map((test) => /\/test_([^/]+)\.py::/.exec(test)?.[1] ?? test);
}

/** The name of an app without its spelling variants: `docs_src.body.tutorial001_an_py310:app` is `tutorial001`. */
function appName(app: string): string {
  return app
    .replace(/^docs_src\.[^.]+\./, "")
    .replace(/:.*$/, "")
    .replace(/(_an)?(_py\d+)?(\.main)?$/, "");
}

/** The environment variable that a case was recorded with, if any. */
export function environmentOf({ setup = "" }: Case): [string, string] | undefined {
  const [, name, quoted, bare] =
    /^environment (\w+)=(?:"(.*)" when the app is created|(\S+))$/.exec(setup) ?? [];
  const value = quoted ?? bare;
  return name === undefined || value === undefined ? undefined : [name, value];
}
