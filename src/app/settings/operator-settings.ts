import { OffloopError } from "../../errors/offloop-error.ts";
import { shownValue } from "../../errors/shown-value.ts";
import { integer } from "../integer.ts";
import type { Resolved } from "./resolved.ts";

/** Where the health probes are. */
export interface HealthSettings {
  /** Path of the liveness probe. Default `"/livez"`. */
  readonly livez?: string | undefined;
  /** Path of the readiness probe. Default `"/readyz"`. */
  readonly readyz?: string | undefined;
  /**
   * A port of its own, answered even while the loop is blocked: by a thread of its own, or with `--workers` by the
   * primary, for all workers. `offloop work` answers there, too, and so do the metrics. Integer, 0-65,535; 0 takes a free
   * one. Default: the app's port.
   */
  readonly port?: number | undefined;
  /** Address for `port`. Default: the server's, or `"127.0.0.1"` for `offloop work` and on a Unix socket. */
  readonly host?: string | undefined;
}

/** The same with the paths filled in. */
export type ResolvedHealth = Resolved<Omit<HealthSettings, "port" | "host">> &
  Pick<HealthSettings, "port" | "host">;

/** The names of all these settings. */
export const healthSettingNames: Readonly<Record<keyof HealthSettings, true>> = {
  livez: true,
  readyz: true,
  port: true,
  host: true,
};

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless its port is one. */
export function resolveHealth(health: HealthSettings | boolean): ResolvedHealth | undefined {
  if (health === false) return undefined;
  const { livez = "/livez", readyz = "/readyz", port, host } = health === true ? {} : health;
  if (port !== undefined) integer("health.port", port, [0, 65_535]);
  return { livez, readyz, ...(port === undefined ? {} : { port }), ...(host === undefined ? {} : { host }) };
}

/** Metrics of one's own, as [prom-client](https://github.com/siimon/prom-client) keeps them: one of its registries. */
export interface MetricsRegistry {
  /** The metrics, without their values. */
  getMetricsAsArray(): readonly { readonly name: string }[];
  /** The metrics with their values, in the form that crosses between workers. */
  getMetricsAsJSON(): Promise<readonly { readonly name: string }[]>;
  /** One metric in the Prometheus text format. */
  getSingleMetricAsString(name: string): Promise<string>;
}

/** Where the metrics are, and which. */
export interface MetricsSettings {
  /** Path of the metrics, in the Prometheus text format. Default `"/metrics"`. */
  readonly path?: string | undefined;
  /**
   * A registry of prom-client whose metrics are answered, too, with `--workers` those of all workers. A name that offloop
   * has itself is left out. Default none.
   */
  readonly registry?: MetricsRegistry | undefined;
}

/** The same with every default filled in. */
export type ResolvedMetrics = Resolved<Omit<MetricsSettings, "registry">> & Pick<MetricsSettings, "registry">;

/** The names of all these settings. */
export const metricsSettingNames: Readonly<Record<keyof MetricsSettings, true>> = {
  path: true,
  registry: true,
};

/** @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless its registry is one. */
export function resolveMetrics(metrics: MetricsSettings | boolean): ResolvedMetrics | undefined {
  if (metrics === false) return undefined;
  const { path = "/metrics", registry } = metrics === true ? {} : metrics;
  if (registry !== undefined && typeof registry?.getSingleMetricAsString !== "function")
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use metrics.registry: expected a registry of prom-client, got ${shownValue(registry)}`,
      { fix: 'import { register } from "prom-client", and write metrics: { registry: register }' },
    );
  return { path, registry };
}

/** What is answered to those who operate the server; each is undefined where it is not. */
interface OperatorSettings {
  readonly health: ResolvedHealth | undefined;
  readonly metrics: ResolvedMetrics | undefined;
}

/**
 * On a port of its own, a path that no request can have would be a probe that always fails.
 *
 * @throws {OffloopError} `OFFLOOP_OPTION_INVALID` unless each is a path, and no other's.
 */
export function checkOperatorPaths({ health, metrics }: OperatorSettings): void {
  const settings = new Map<unknown, string>();
  for (const [setting, path] of [
    ["health.livez", health?.livez],
    ["health.readyz", health?.readyz],
    ["metrics.path", metrics?.path],
  ] as const) {
    if (path === undefined) continue;
    const isPath = typeof path === "string" && /^\/[^:*?#\s]*$/.test(path);
    const first = settings.get(path);
    settings.set(path, setting);
    if (isPath && first === undefined) continue;
    const expected = first === undefined ? "a path without parameters" : `a path other than that of ${first}`;
    throw new OffloopError(
      "OFFLOOP_OPTION_INVALID",
      `Cannot use ${setting}: expected ${expected}, got ${shownValue(path)}`,
      {
        fix: `write it like "/internal/${setting.slice(setting.indexOf(".") + 1)}", or leave ${setting} out`,
      },
    );
  }
}

/** The paths of an app that only probes and scrapers ask for, over and over. */
export function askedByMachines({ health, metrics }: OperatorSettings): string[] {
  const probes = health === undefined || health.port !== undefined ? [] : [health.livez, health.readyz];
  return metrics === undefined ? probes : [...probes, metrics.path];
}
