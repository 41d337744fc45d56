export type { AddOperation } from "./app/add-operation.ts";
export { App, type AppOptions } from "./app/app.ts";
export type { AppDocumentation, NamedOperation } from "./app/app-documentation.ts";
export type { Background } from "./app/background.ts";
export type { BaseContext, Context } from "./app/context.ts";
export type { Dependencies, Dependency, Scope } from "./app/dependency.ts";
export { type DependencyOptions, depends } from "./app/depends.ts";
export type { DescribedOperation, OperationDocumentation } from "./app/documentation.ts";
export type { ClientAddress, CookieOptions, RequestInfo, ResponseInfo } from "./app/exchange.ts";
export type { Handler } from "./app/handler.ts";
export type { Lane } from "./app/lane.ts";
export type { LifespanFunction, LifespanOptions } from "./app/lifespan.ts";
export type { Log, LogFunction } from "./app/log.ts";
export type { MetricsSettings } from "./app/metrics-settings.ts";
export type { OperationOptions } from "./app/operation-options.ts";
export type { FastifyPlugin } from "./app/plugin.ts";
export {
  type FileOptions,
  file,
  html,
  type Reply,
  type ReplyOptions,
  redirect,
  type StreamOptions,
  stream,
  text,
} from "./app/reply.ts";
export { Router } from "./app/router.ts";
export type { RouterOptions } from "./app/router-place.ts";
export type {
  ConnectionSettings,
  HealthSettings,
  ServerSettings,
  ThreadSettings,
  TimeoutSettings,
} from "./app/settings.ts";
export { event, type ServerSentEvent, sse } from "./app/sse.ts";
export type { Task, TaskOptions } from "./app/task.ts";
export type { UploadedFile } from "./app/uploaded-file.ts";
export type { WatchSettings } from "./app/watch-settings.ts";
export type { BlockCulprit, BlockPlace, BlockReport } from "./channels/block-report.ts";
export type {
  KilledCall,
  OperationEvent,
  RequestEvent,
  TaskEvent,
  ThreadEvent,
} from "./channels/channels.ts";
export type { ErrorCode } from "./errors/codes.ts";
export { HTTPError } from "./errors/http-error.ts";
export { OffloopError } from "./errors/offloop-error.ts";
export { type ValidationDetail, ValidationError } from "./errors/validation-error.ts";
export { serve } from "./http/serve.ts";
export type { ServeOptions, Server } from "./http/serve-options.ts";
export { type ParamOptions, param } from "./schema/param.ts";
export type { PoolSize } from "./threads/pool-size.ts";
