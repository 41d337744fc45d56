import type { JobAction, JobActionDone, JobSheet, JobsPage } from "../shown-jobs.ts";
import { type JobsChoice, searchOf } from "./route.ts";

/** No form can send it, and no script of another site without permission. */
const mark = { "x-offloop-inspector": "1" };

/** The answer of an app without durable tasks. */
interface NoJobs {
  readonly durable: false;
}

/** The jobs of a list and the counts of the tasks; undefined where no task is durable. */
export async function askForJobs(choice: JobsChoice, signal: AbortSignal): Promise<JobsPage | undefined> {
  const answer = await ask<JobsPage | NoJobs>(`jobs?${searchOf({ ...choice })}`, { signal });
  return "durable" in answer ? undefined : answer;
}

/** A job; undefined when it does not exist, or no longer does. */
export async function askForJob(id: string, signal: AbortSignal): Promise<JobSheet | undefined> {
  const response = await request(`job?${searchOf({ id })}`, { signal });
  return response.status === 404 ? undefined : read<JobSheet>(response);
}

/** Makes jobs run again, or stops them. */
export function act(action: JobAction, ids: readonly string[]): Promise<JobActionDone> {
  return ask(`jobs/${action}`, { method: "POST", body: JSON.stringify({ ids }) });
}

async function ask<Answer>(path: string, options: RequestInit): Promise<Answer> {
  return read(await request(path, options));
}

async function request(path: string, options: RequestInit): Promise<Response> {
  const headers = { ...mark, ...(options.body ? { "content-type": "application/json" } : {}) };
  try {
    return await fetch(new URL(path, import.meta.url), { ...options, headers });
  } catch (error) {
    if ((error as Error).name === "AbortError") throw error;
    throw new Error("The server does not answer.");
  }
}

async function read<Answer>(response: Response): Promise<Answer> {
  if (!response.ok) throw new Error((await response.text()).trim());
  return (await response.json()) as Answer;
}
