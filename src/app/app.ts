import type { SourceLocation } from "../errors/source-location.ts";
import type { AppDocumentation } from "./app-documentation.ts";
import { callerLocation } from "./location.ts";
import { Router, type RouterOptions } from "./router.ts";
import type { ServerSettings } from "./settings.ts";

/** Options of an app. */
export interface AppOptions extends RouterOptions, ServerSettings, AppDocumentation {}

/**
 * An API: operations, tasks, and how they are served. A module that makes one only declares; it must not listen when
 * it is imported, since every thread imports it.
 *
 * @example
 * ```ts
 * import { scryptSync } from "node:crypto";
 * import { App } from "offloop";
 * import { z } from "zod";
 *
 * const app = new App({ title: "Shop" });
 * app.get("/", async () => ({ hello: "world" }));                            // async: the event loop
 * app.post("/hash", { body: z.object({ password: z.string() }) },
 *   ({ body }) => scryptSync(body.password, "salt", 64).toString("hex"));    // plain: a thread
 *
 * export default app;
 * ```
 */
export class App extends Router {
  /** The API's name. */
  readonly title: string;
  /** The API's own version. */
  readonly version: string;
  /** How it is served, as far as the app says. */
  readonly settings: ServerSettings;
  /** What it says about itself. */
  readonly documentation: AppDocumentation;
  /** Where it was made: the module that threads import when nothing else names one. */
  readonly location: SourceLocation;

  /**
   * Makes an app without operations.
   *
   * @param options - Name, version and the rest of its documentation, prefix, tags and how it is served.
   */
  constructor(options: AppOptions = {}) {
    super(options);
    this.title = options.title ?? "offloop";
    this.version = options.version ?? "0.1.0";
    this.settings = options;
    this.documentation = options;
    this.location = callerLocation();
    made.push(this);
  }
}

const made: App[] = [];

/** Every app made in this thread so far, in order. */
export function appsMade(): readonly App[] {
  return made;
}
