import { inspect } from "node:util";
import { type MessagePort, threadId } from "node:worker_threads";
import { type Log, type LogFunction, logLevels } from "../app/log.ts";
import type { LogLine } from "./log-line.ts";

/** Makes a request's log in a thread: its lines go to the main thread, which writes the one stream. */
export function createThreadLog(port: MessagePort, level: string, request: string, operation: string): Log {
  const lowest = (logLevels as readonly string[]).indexOf(level);
  const writers = logLevels.map((name, urgency): [string, LogFunction] => [
    name,
    lowest === -1 || urgency < lowest ? nothing : writer(name),
  ]);
  return Object.fromEntries(writers) as unknown as Log;

  function writer(name: LogLine["level"]): LogFunction {
    return (first: object | string, message?: string) => {
      const [fields, text] = typeof first === "string" ? [{}, first] : [first, message];
      const line: LogLine = {
        level: name,
        fields: { reqId: request, operation, thread: threadId, ...fields },
        message: text,
      };
      try {
        port.postMessage({ log: line });
      } catch {
        // A field cannot cross: the line is worth more than its shape.
        port.postMessage({
          log: { ...line, fields: { reqId: request, operation, thread: threadId, fields: inspect(fields) } },
        });
      }
    };
  }
}

function nothing(): void {}
