import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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
  };
  readonly response: {
    readonly status: number;
    readonly headers: [string, string][];
    readonly body: RecordedBody | null;
  };
  readonly volatile?: string[];
  readonly raised?: string;
}

/** Exchanges that belong together. */
export interface Case {
  readonly apps: string[];
  readonly exchanges: Exchange[];
  readonly dependency_overrides?: unknown;
}

/** One chapter of the tutorial. */
export interface Chapter {
  readonly chapter: string;
  readonly default_request_headers: Readonly<Record<string, string>>;
  readonly cases: Case[];
}

/** Reads the recorded chapters in a folder. */
export function readChapters(folder: string): Chapter[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Chapter);
}

/** The name of an app without the variants of its spelling: `docs_src.body.tutorial001_an_py310:app` is `tutorial001`. */
export function appName(app: string): string {
  return app
    .replace(/^docs_src\.[^.]+\./, "")
    .replace(/:.*$/, "")
    .replace(/(_an)?(_py\d+)?(\.main)?$/, "");
}
