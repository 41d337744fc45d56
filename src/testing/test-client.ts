import { type App, checkApp } from "../app/app.ts";
import { inThread, neverTested } from "../app/load/load.ts";
import { checkOptionNames } from "../app/option-names.ts";
import { checkSettingNames } from "../app/settings/settings.ts";
import { callerLocation } from "../errors/location.ts";
import { type TestClient, type TestClientOptions, testClientOptionNames } from "./client-options.ts";
import { openClient } from "./open-client.ts";

/**
 * Opens an app for a test: its lifespan runs, plain functions run on real threads, and requests stay in the process
 * unless `socket` says otherwise. FastAPI's `TestClient`, with the responses of `fetch`.
 *
 * Threads import the module that made the app. If it has plain functions, put it into a module of its own rather than
 * into the test.
 *
 * The guard reads the app's functions, once for each app: it throws refusals and logs warnings. The loop is watched
 * only with `failOnBlockMs`, or with `watch` among these options.
 *
 * @param app - The app, or the URL of the module that exports it: `new URL("./app.ts", import.meta.url)`;
 * a fragment names the export, `./app.ts#admin`.
 * @param options - Overrides of dependencies, a real socket, settings, a logger, a limit for blocks.
 * @returns The open client.
 * @throws {OffloopError} What `serve` throws, and `OFFLOOP_OPTION_UNKNOWN`, `OFFLOOP_GUARD_STATE`, `OFFLOOP_MODULE_NOT_FOUND`,
 * `OFFLOOP_MODULE_FAILED`, `OFFLOOP_APP_NOT_FOUND`.
 * @example
 * ```ts
 * import { App } from "offloop";
 * import { testClient } from "offloop/testing";
 *
 * const app = new App();
 * app.get("/", async () => ({ hello: "world" }));
 *
 * await using client = await testClient(app);
 * const response = await client.get("/");
 * console.log(response.status, await response.json());
 * ```
 */
// biome-ignore lint/suspicious/noExplicitAny: what its operations receive does not matter here
export async function testClient(app: App<any> | URL, options: TestClientOptions = {}): Promise<TestClient> {
  const at = callerLocation();
  if (inThread()) return neverTested(at);
  if (!(app instanceof URL)) checkApp(app, "open a test client", at);
  checkOptionNames("open a test client", options, testClientOptionNames, at);
  checkSettingNames(options, at);
  return openClient(app, options, at);
}
