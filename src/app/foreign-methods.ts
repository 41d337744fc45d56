import { callerLocation } from "../errors/location.ts";
import { OffloopError } from "../errors/offloop-error.ts";

/** What to write in the place of a method of another framework, by its name. */
export type ForeignMethods = Readonly<Record<string, string>>;

/**
 * Makes calls of other frameworks' methods throw an error that says what to write instead. The types do not have these
 * methods, so TypeScript reports such a call before it is made.
 *
 * @param prototype - The prototype that gets the methods.
 * @param owner - What users call its instances: `app`.
 * @throws {OffloopError} `OFFLOOP_METHOD_FOREIGN`, when one is called.
 */
export function explainForeign(prototype: object, owner: string, methods: ForeignMethods): void {
  for (const [name, fix] of Object.entries(methods)) {
    const value = (): never => {
      throw new OffloopError(
        "OFFLOOP_METHOD_FOREIGN",
        `Cannot call ${owner}.${name}: offloop has no such method`,
        { at: callerLocation(), fix },
      );
    };
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}

const AROUND = "write app.around(...), or app.register(plugin) for the Fastify plugin of that purpose";
const ON_ERROR = "write app.onError(Class, async (error) => ...)";
const LIFESPAN = "write app.lifespan(async function* () { ...; yield; ... })";

/** Express's, Fastify's and FastAPI's, of an app. */
export const ofApps: ForeignMethods = {
  use: "use a dependency for what a handler needs or what refuses a request, app.around(...) around every request, app.include(router), or app.register(plugin) for the Fastify plugin of that purpose",
  all: 'name the methods: app.route(["GET", "POST"], path, handler)',
  listen: 'run "offloop run app.ts", or call serve(app, { port: 8000 }) in a file of its own',
  param: "declare a dependency that reads params, and name it in deps",
  set: "pass settings to new App({ ... }), and values as dependencies",
  addHook:
    "use app.around(...), or the hooks of Fastify: app.register(async (fastify) => { fastify.addHook(...); })",
  decorate: "make it a dependency, and name it in deps",
  setErrorHandler: "write app.onError(Error, async (error) => ...)",
  setNotFoundHandler: "write app.onError(HTTPError, async ({ status, detail }) => ...): it gets the 404, too",
  inject: 'use testClient(app) of "offloop/testing"',
  include_router: "write app.include(router)",
  add_middleware: AROUND,
  middleware: AROUND,
  exception_handler: ON_ERROR,
  add_exception_handler: ON_ERROR,
  on_event: LIFESPAN,
  add_event_handler: LIFESPAN,
  add_api_route: "write app.get(path, handler), or app.route(methods, path, handler)",
  api_route: "write app.route(methods, path, handler)",
  url_path_for: "write app.urlFor(operation, params)",
};

/** FastAPI's, of the background tasks of a request. */
export const ofBackground: ForeignMethods = { add_task: "write background.add(task, ...args)" };

const RETURNED = "return the value that is to be sent, from the handler";

/** Express's and Fastify's, of a response. */
export const ofResponses: ForeignMethods = {
  json: RETURNED,
  send: `${RETURNED}; text("...") and html("...") are sent as they are`,
  end: `${RETURNED}; for none, set status: 204 in the options`,
  sendStatus: "set response.status, and return nothing",
  set: "write response.headers.set(name, value)",
  header: "write response.headers.set(name, value)",
  cookie: "write response.setCookie(name, value)",
  clearCookie: "write response.deleteCookie(name)",
  redirect: "return redirect(url) from the handler",
  sendFile: "return file(path) from the handler",
  download: "return file(path, { filename }) from the handler",
  render: "return html(...) from the handler, of any template engine",
  write: "return stream(chunks) from the handler, or make it a generator",
};
