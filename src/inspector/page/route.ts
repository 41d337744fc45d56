/** Which jobs a list shows. Empty text does not filter. */
export interface JobsChoice {
  readonly task: string;
  readonly state: string;
  /** A key, or an id. */
  readonly find: string;
  /** The last job of the page before. */
  readonly after: string;
}

/** What of the page is looked at. */
export type Route =
  | { readonly view: "lanes" }
  | { readonly view: "jobs"; readonly choice: JobsChoice }
  | { readonly view: "job"; readonly id: string };

/** Reads what stands after the # of the address. What it does not know is the lanes. */
export function parseRoute(hash: string): Route {
  const [path, search] = hash.split("?", 2);
  const asked = new URLSearchParams(search);
  const text = (name: string): string => asked.get(name) ?? "";
  if (path === "#/job") return { view: "job", id: text("id") };
  if (path !== "#/jobs") return { view: "lanes" };
  return {
    view: "jobs",
    choice: { task: text("task"), state: text("state"), find: text("find"), after: text("after") },
  };
}

/** The address of a list of jobs. */
export function jobsAddress(choice: Partial<JobsChoice>): string {
  const search = searchOf(choice);
  return search === "" ? "#/jobs" : `#/jobs?${search}`;
}

/** The address of a job. */
export function jobAddress(id: string): string {
  return `#/job?${searchOf({ id })}`;
}

/** What is asked for, without what is empty. */
export function searchOf(asked: Readonly<Record<string, string>>): string {
  return new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "")).toString();
}
