/** A Fastify plugin, by callback or promise. What it is given is Fastify's own. */
// biome-ignore lint/suspicious/noExplicitAny: the types are the plugin's and Fastify's; threads do not load Fastify
export type FastifyPlugin<Options> = (instance: any, options: Options, done: any) => unknown;

/** A plugin and its options. */
export interface RegisteredPlugin {
  readonly plugin: FastifyPlugin<unknown>;
  readonly options: unknown;
}
