import { env } from "node:process";
import * as offloop from "offloop";

/** Where the replay runs everything: as the apps are written, or all on one lane. Threads inherit it. */
const forced = env.OFFLOOP_CONFORMANCE_LANE;
const runs = forced === "loop" || forced === "thread" ? { runs: forced } : {};

const methods = ["get", "post", "put", "patch", "delete", "head", "options", "trace"] as const;

/** Makes every operation of an app or router run on the forced lane. */
function onLane<R extends object>(router: R): R {
  if (forced === undefined) return router;
  for (const method of methods) {
    const add = (router as Record<string, unknown>)[method] as (...args: unknown[]) => void;
    const value = (path: string, ...rest: unknown[]): void => {
      const [options, handler] = rest.length > 1 ? rest : [{}, rest[0]];
      add(path, { ...(options as object), ...runs }, handler);
    };
    Object.defineProperty(router, method, { value });
  }
  const { websocket } = router as { websocket?: (...args: unknown[]) => void };
  if (websocket !== undefined)
    Object.defineProperty(router, "websocket", { value: onLaneByMessage(websocket) });
  return router;
}

/** A whole socket stays on the loop whatever is forced, since it cannot cross. Its messages can. */
function onLaneByMessage(add: (...args: unknown[]) => void): typeof add {
  return (path, ...rest) => {
    const [options, handler] = rest.length > 1 ? rest : [{}, rest[0]];
    add(path, typeof handler === "function" ? options : { ...(options as object), ...runs }, handler);
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the declarations are those of offloop itself
export const depends: typeof offloop.depends = (...args: any[]) => {
  const [first, second] = args;
  const declare = offloop.depends as unknown as (...all: unknown[]) => never;
  return typeof first === "function"
    ? declare(first, { ...second, ...runs })
    : declare({ ...first, ...runs }, second);
};

/** An app whose operations run on the forced lane, where its lifespans open what they use. */
export function createApp<D extends offloop.Dependencies>(
  options: offloop.AppOptions<D> = {},
): offloop.App<D> {
  const app = onLane(new offloop.App<D>(options));
  if (forced !== "thread") return app;
  const declare = app.lifespan.bind(app);
  const value = (open: offloop.LifespanFunction): void => declare({ perThread: true }, open);
  return Object.defineProperty(app, "lifespan", { value });
}

/** A router whose operations run on the forced lane. */
export function createRouter<D extends offloop.Dependencies>(
  options: offloop.RouterOptions<D> = {},
): offloop.Router<D> {
  return onLane(new offloop.Router<D>(options));
}
