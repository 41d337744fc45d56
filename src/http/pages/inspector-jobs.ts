import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import type { Jobs } from "../../app/tasks/jobs.ts";
import { describeError, loggable } from "../../errors/described-error.ts";
import { InspectedJobs, MAX_ACTED } from "../../inspector/jobs.ts";
import type { JobAction } from "../../inspector/shown-jobs.ts";

/** The app being inspected. */
export interface InspectedApp {
  /** Undefined when none of its tasks is durable. */
  readonly jobs: Jobs | undefined;
  readonly log: Logger;
}

/** A route that the jobs view reads from or acts through. */
interface JobRoute {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handler: Handler;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** The inspector's answers about jobs; where no task is durable, they say only that. */
export function jobRoutes({ jobs, log }: InspectedApp): JobRoute[] {
  if (jobs === undefined)
    return [{ method: "GET", path: "/jobs", handler: async () => ({ durable: false }) }];
  const inspected = new InspectedJobs(jobs);
  const guard = guarded(log);
  return [
    { method: "GET", path: "/jobs", handler: guard((request) => inspected.page(queryOf(request))) },
    { method: "GET", path: "/job", handler: guard((request, reply) => sendSheet(inspected, request, reply)) },
    ...(["retry", "cancel"] as const).map((action) => ({
      method: "POST" as const,
      path: `/jobs/${action}`,
      handler: guard((request, reply) => act({ inspected, action, log }, request, reply)),
    })),
  ];
}

function queryOf(request: FastifyRequest): Parameters<InspectedJobs["page"]>[0] {
  const asked = searchOf(request);
  return {
    task: asked.get("task"),
    state: asked.get("state"),
    find: asked.get("find"),
    after: asked.get("after"),
  };
}

async function sendSheet(
  inspected: InspectedJobs,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const sheet = await inspected.sheet(searchOf(request).get("id") ?? "");
  return (
    sheet ??
    reply.code(404).type("text/plain; charset=utf-8").send("There is no such job, or it has been deleted.\n")
  );
}

interface Acting {
  readonly inspected: InspectedJobs;
  readonly action: JobAction;
  readonly log: Logger;
}

async function act(
  { inspected, action, log }: Acting,
  { body }: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const ids = idsIn(body);
  if (ids === undefined) {
    const expected = `Send {"ids": [...]} with 1 to ${MAX_ACTED} ids of jobs, as JSON.\n`;
    return reply.code(400).type("text/plain; charset=utf-8").send(expected);
  }
  const answer = await inspected.act(action, ids);
  // Sooner or later somebody asks who stopped a job, and when.
  if (answer.done.length > 0) log.info({ jobs: answer.done }, `the inspector was used to ${action} jobs`);
  return answer;
}

function idsIn(body: unknown): readonly string[] | undefined {
  if (!Buffer.isBuffer(body)) return undefined;
  try {
    const { ids } = JSON.parse(body.toString("utf8")) as { readonly ids: unknown };
    const isList = Array.isArray(ids) && ids.length > 0 && ids.length <= MAX_ACTED;
    return isList && ids.every((id) => typeof id === "string") ? ids : undefined;
  } catch {
    return undefined;
  }
}

function searchOf(request: FastifyRequest): URLSearchParams {
  return new URL(request.raw.url ?? "/", "http://localhost").searchParams;
}

/** Answers 503 while the jobs cannot be reached. The page polls every second, so this is logged once per outage. */
function guarded(log: Logger): (handler: Handler) => Handler {
  let isDown = false;
  return (handler) => async (request, reply) => {
    try {
      const answer = await handler(request, reply);
      isDown = false;
      return answer;
    } catch (error) {
      if (!isDown) log.warn({ err: loggable(describeError(error)) }, "the inspector cannot reach the jobs");
      isDown = true;
      return reply
        .code(503)
        .type("text/plain; charset=utf-8")
        .send("The jobs cannot be reached now; the log says why.\n");
    }
  };
}
