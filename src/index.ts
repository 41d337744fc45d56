export type { FastifyPlugin } from "./app/app.ts";
export { App, type AppOptions } from "./app/app.ts";
export type { AroundContext, AroundFunction } from "./app/around.ts";
export type {
  BaseContext,
  BodyStream,
  ClientAddress,
  Context,
  CookieOptions,
  DeletedCookieOptions,
  RequestInfo,
  ResponseInfo,
} from "./app/context.ts";
export type { Dependencies, Dependency, Scope } from "./app/dependency.ts";
export { type DependencyOptions, depends } from "./app/depends.ts";
export type {
  AppDocumentation,
  DescribedOperation,
  NamedOperation,
  OperationDocumentation,
} from "./app/documentation.ts";
export type { FrontendOptions } from "./app/frontend.ts";
export type { AddOperation, Handler, OperationOptions } from "./app/handler.ts";
export type { Lane } from "./app/lane.ts";
export type { LifespanFunction, LifespanOptions } from "./app/lifespan.ts";
export type { Log, LogFunction } from "./app/log.ts";
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
export type { RouterOptions } from "./app/router-options.ts";
export { event, type ServerSentEvent, sse } from "./app/server-sent-events.ts";
export { clearSession, type Session, type SessionSettings } from "./app/session.ts";
export type { ConnectionSettings, WebSocketSettings } from "./app/settings/client-settings.ts";
export { type Settings, type SettingsOptions, settings } from "./app/settings/environment.ts";
export type { InputSettings } from "./app/settings/input-settings.ts";
export type { JobsSettings } from "./app/settings/jobs-settings.ts";
export type { LogSettings } from "./app/settings/log-settings.ts";
export type { HealthSettings, MetricsRegistry, MetricsSettings } from "./app/settings/operator-settings.ts";
export type { ServerSettings, TimeoutSettings } from "./app/settings/settings.ts";
export type { ThreadSettings } from "./app/settings/thread-settings.ts";
export type { WatchSettings } from "./app/settings/watch-settings.ts";
export type { RawMessage, Room, Socket, SocketClosing } from "./app/sockets/socket.ts";
export type {
  AddWebSocket,
  InvalidMessage,
  MessageContext,
  SocketContext,
  SocketHandlers,
  WebSocketHandle,
  WebSocketOptions,
  WholeSocket,
} from "./app/sockets/websocket.ts";
export type { Background } from "./app/tasks/background.ts";
export type { DurableOptions } from "./app/tasks/durable.ts";
export { JobError, type JobErrorOptions } from "./app/tasks/job-error.ts";
export type {
  CancellableState,
  EnqueuedJob,
  EnqueueOptions,
  FollowOptions,
  Job,
  JobAttempt,
  JobId,
  JobState,
  Jobs,
  JobsFilter,
  JobsInState,
  RetryableState,
  TaskJobs,
} from "./app/tasks/jobs.ts";
export type {
  AddTask,
  DurableTask,
  Enqueue,
  RunningJob,
  Task,
  TaskContext,
  TaskOptions,
} from "./app/tasks/task.ts";
export type { UploadedFile } from "./app/uploaded-file.ts";
export type { OperationHandle } from "./app/urls.ts";
export type {
  BlockCulprit,
  BlockPlace,
  BlockReport,
  ChunksEvent,
  JobEvent,
  KilledCall,
  OperationEvent,
  RequestEvent,
  ResponseOutcome,
  TaskEvent,
  ThreadEvent,
  ThrownError,
} from "./channels/channels.ts";
export type { DescribedError } from "./errors/described-error.ts";
export { HTTPError, type ValidationDetail, ValidationError } from "./errors/http-error.ts";
export type { ErrorCode } from "./errors/offloop-error.ts";
export { OffloopError } from "./errors/offloop-error.ts";
export { WebSocketError } from "./errors/websocket-error.ts";
export { type OpenedTasks, type OpenTasksOptions, openTasks } from "./http/open-tasks.ts";
export { serve } from "./http/serve.ts";
export type { ServeOptions, Server } from "./http/serve-options.ts";
export { type ParamOptions, param } from "./schema/param.ts";
export type { Schema } from "./schema/schema.ts";
export type { PoolSize } from "./threads/pool/pool.ts";
