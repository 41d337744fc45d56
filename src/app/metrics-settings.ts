/** Where metrics are asked for. */
export interface MetricsSettings {
  /** Path of the metrics, in the Prometheus text format. Default `"/metrics"`. */
  readonly path?: string;
}

/** Metrics settings with every default filled in. */
export type ResolvedMetrics = Required<MetricsSettings>;

/** Undefined for none. */
export function resolveMetrics(metrics: MetricsSettings | boolean): ResolvedMetrics | undefined {
  if (metrics === false) return undefined;
  return { path: (metrics === true ? undefined : metrics.path) ?? "/metrics" };
}
