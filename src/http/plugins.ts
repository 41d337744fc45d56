import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import type { FastifyPlugin, RegisteredPlugin } from "../app/app.ts";
import { OffloopError, type SourceLocation } from "../errors/offloop-error.ts";

/** Registers an app's plugins, whose hooks see everything that is added to the instance after them. */
export async function registerPlugins(
  fastify: FastifyInstance,
  plugins: readonly RegisteredPlugin[],
): Promise<void> {
  const { setNotFoundHandler, register } = fastify;
  for (const { plugin, options = {}, location } of plugins) {
    fastify.setNotFoundHandler = () => {
      throw notFoundHandler(location);
    };
    // Within a plugin, too. What the plugin itself throws would end the process.
    fastify.register = function (this: FastifyInstance, ...given: unknown[]): unknown {
      if (isWebSocketServer(given[0]) && this.hasRequestDecorator("ws")) throw webSocketServer(location);
      return Reflect.apply(register, this, given);
    } as typeof register;
    await fastify.register(options.prefix === undefined ? shared(plugin) : asFastifyPlugin(plugin), options);
  }
  Object.assign(fastify, { setNotFoundHandler, register });
}

/** `fastify-plugin` keeps the name of a plugin here. */
const META = Symbol.for("plugin-meta");

function isWebSocketServer(plugin: unknown): boolean {
  if (typeof plugin !== "function" || !(META in plugin)) return false;
  return (plugin[META] as { readonly name?: unknown }).name === "@fastify/websocket";
}

/** offloop registers `@fastify/websocket` for `app.websocket`; for a second one, Fastify only says that a decorator exists. */
function webSocketServer(at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_PLUGIN_WEBSOCKET",
    "Cannot register the plugin: it adds the WebSocket server of @fastify/websocket, and app.websocket has added it",
    {
      at,
      fix: "leave the plugin out, and declare its sockets: app.websocket(path, async ({ socket }) => ...)",
    },
  );
}

/** Fastify keeps one such handler, and says of the second only that there is a first: not which plugin is meant. */
function notFoundHandler(at: SourceLocation): OffloopError {
  return new OffloopError(
    "OFFLOOP_NOT_FOUND_HANDLER",
    "Cannot register the plugin: it calls setNotFoundHandler(), but the app itself answers what is not found",
    { at, fix: "answer it with app.onError(HTTPError, ...), which gets every 404" },
  );
}

/** Fastify detects the kind itself. */
function asFastifyPlugin(plugin: FastifyPlugin<never>): FastifyPluginAsync {
  return plugin as unknown as FastifyPluginAsync;
}

/** Fastify checks this on a plugin to see whether it wants no scope of its own. */
const SKIP_OVERRIDE = Symbol.for("skip-override");

/**
 * A plugin whose hooks apply to the whole app, as `fastify-plugin` makes one: in a scope of its
 * own they would see nothing.
 */
function shared(plugin: FastifyPlugin<never>): FastifyPluginAsync {
  if (typeof plugin !== "function" || SKIP_OVERRIDE in plugin) return asFastifyPlugin(plugin);
  const inThisScope: FastifyPlugin<never> = (...given) => plugin(...given);
  return asFastifyPlugin(Object.assign(inThisScope, plugin, { [SKIP_OVERRIDE]: true }));
}
