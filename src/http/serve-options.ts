import type { Logger } from "pino";
import { type ServerSettings, settingNames } from "../app/settings/settings.ts";
import type { PoolSize } from "../threads/pool/pool.ts";
import type { Started } from "./lifecycle/start.ts";
import type { TlsFiles } from "./lifecycle/tls.ts";
import type { LogLevel } from "./logs/logger.ts";
import type { InspectorSetting } from "./pages/inspector.ts";

/** Options of `serve`. Settings given here win over the app's. */
export interface ServeOptions extends ServerSettings {
  /** Address to listen on. Default `"127.0.0.1"`. */
  readonly host?: string | undefined;
  /** Port to listen on, 0-65535; 0 takes a free one. Default 8000. */
  readonly port?: number | undefined;
  /**
   * Path of a Unix socket to listen on, instead of `host` and `port`. A file left there by a killed process is removed.
   * Every user who can reach the file may connect: its folder says who can.
   */
  readonly socket?: string | undefined;
  /** Serves https: paths of the key and of the certificate, both in PEM, read once. Default: http. */
  readonly tls?: TlsFiles | undefined;
  /** URL of the module that threads import to find the app: `import.meta.url`. Default: the module that made the app. */
  readonly module?: string | undefined;
  /** How much is logged. Default `"info"`. */
  readonly logLevel?: LogLevel | undefined;
  /** A pino logger to use instead of offloop's own. */
  readonly logger?: Logger | undefined;
  /** Whether each request is logged. Default true. */
  readonly accessLog?: boolean | undefined;
  /**
   * Shows the lanes and the jobs live at `/_offloop`: `true` for this machine only, `{ token }` for anyone who has the
   * token, from anywhere: `/_offloop?token=...`, at least 16 characters. Meant for development. Default false.
   */
  readonly inspector?: InspectorSetting | false | undefined;
  /**
   * Whether the process belongs to the server: SIGINT, SIGTERM and SIGHUP shut the server down and end the process, and
   * a rejected promise that nobody awaits is logged instead of ending it. Default true.
   */
  readonly signals?: boolean | undefined;
  /**
   * Whether this process works on jobs in addition to serving. Default true; with false, other
   * processes must: `offloop work`.
   */
  readonly work?: boolean | undefined;
}

/** The names of all options. */
export const serveOptionNames: Readonly<Record<keyof ServeOptions, true>> = {
  ...settingNames,
  host: true,
  port: true,
  socket: true,
  tls: true,
  module: true,
  logLevel: true,
  logger: true,
  accessLog: true,
  inspector: true,
  signals: true,
  work: true,
};

/** The same, plus what only `offloop dev` asks for. */
export interface ListenOptions extends ServeOptions {
  /** Whether browsers are shown the errors of operations, with their source. Default false. */
  readonly debug?: boolean | undefined;
  /** Called before anything is opened, with what closes the server, and ends its start until there is one. */
  readonly onStart?: ((start: Started) => void) | undefined;
}

/** A listening server. */
export interface Server {
  /** Its URL: `http://127.0.0.1:8000`, or https with `tls`; `unix:` and the path for a Unix socket. */
  readonly url: string;
  /** The port it listens on; 0 for a Unix socket. */
  readonly port: number;
  /** Where health probes are answered, if they are enabled. */
  readonly healthUrl: string | undefined;
  /** The current threads of its pool. */
  readonly threads: PoolSize;
  /**
   * Stops accepting connections, finishes requests, then background tasks, within `shutdownGraceMs`, and ends the
   * threads. Whatever had to be abandoned is logged by name. Rejects with what a plugin's `onClose` threw, but only once
   * everything is closed.
   */
  close(): Promise<void>;
}
