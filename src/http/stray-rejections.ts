import type { Logger } from "pino";
import { describeError } from "../errors/described-error.ts";

/**
 * Logs rejections of promises that nobody awaits, which would end the process and lose everybody's requests; asyncio
 * treats them so too. Gives the function that stops it.
 */
export function logStrayRejections(log: Logger): () => void {
  const onRejection = (reason: unknown): void => {
    const error = describeError(reason);
    log.error({ err: error }, `a promise that nobody awaits was rejected: ${error.message}`);
  };
  process.on("unhandledRejection", onRejection);
  return () => void process.off("unhandledRejection", onRejection);
}
