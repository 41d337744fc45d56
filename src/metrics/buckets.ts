/** In seconds: OpenTelemetry's recommendation for HTTP durations, extended to where timeouts are. */
export const durationBuckets: number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 60, 120,
];

/** In seconds: waits and runs inside the process are often much shorter than a request. */
export const runBuckets: number[] = [0.0001, 0.0005, 0.001, 0.0025, ...durationBuckets, 300];

/** In seconds: a stream lasts as long as someone listens. */
export const streamBuckets: number[] = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400];
