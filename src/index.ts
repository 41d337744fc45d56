export { App, type AppOptions } from "./app/app.ts";
export type { AppDocumentation, NamedOperation } from "./app/app-documentation.ts";
export type { Background } from "./app/background.ts";
export type { Context, RequestInfo, ResponseInfo } from "./app/context.ts";
export type { DescribedOperation, OperationDocumentation } from "./app/documentation.ts";
export type { Lane } from "./app/lane.ts";
export type { LifespanFunction, LifespanOptions } from "./app/lifespan.ts";
export type { Log, LogFunction } from "./app/log.ts";
export type { Handler, OperationOptions } from "./app/operation.ts";
export type { FastifyPlugin } from "./app/plugin.ts";
export { type AddOperation, Router, type RouterOptions } from "./app/router.ts";
export type {
  ConnectionSettings,
  HealthSettings,
  ServerSettings,
  ThreadSettings,
  TimeoutSettings,
} from "./app/settings.ts";
export type { Task, TaskOptions } from "./app/task.ts";
export type { WatchSettings } from "./app/watch-settings.ts";
export type { BlockCulprit, BlockPlace, BlockReport } from "./channels/block-report.ts";
export type { OperationEvent, RequestEvent, TaskEvent, ThreadEvent } from "./channels/channels.ts";
export type { ErrorCode } from "./errors/codes.ts";
export { HTTPError } from "./errors/http-error.ts";
export { OffloopError } from "./errors/offloop-error.ts";
export { serve } from "./http/serve.ts";
export type { ServeOptions, Server } from "./http/serve-options.ts";
export type { PoolSize } from "./threads/pool-size.ts";
