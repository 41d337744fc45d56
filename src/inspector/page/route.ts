import { find } from "./element.ts";

/** Which jobs a list shows. Empty text does not filter. */
export interface JobsChoice {
  readonly task: string;
  readonly state: string;
  /** A key, or an id. */
  readonly find: string;
  /** The last job of the previous page. */
  readonly after: string;
}

/** The part of the page that is viewed. */
export type Route =
  | { readonly view: "lanes" /** The one that is pinned. */; readonly request?: string }
  | { readonly view: "jobs"; readonly choice: JobsChoice }
  | { readonly view: "job"; readonly id: string };

/** Reads the part of the address after the #. Anything unknown means the lanes. */
export function parseRoute(hash: string): Route {
  const [path, search] = hash.split("?", 2);
  const asked = new URLSearchParams(search);
  const text = (name: string): string => asked.get(name) ?? "";
  if (path === "#/job") return { view: "job", id: text("id") };
  if (hash.startsWith(REQUEST)) return { view: "lanes", request: decoded(hash.slice(REQUEST.length)) };
  if (path !== "#/jobs") return { view: "lanes" };
  return {
    view: "jobs",
    choice: { task: text("task"), state: text("state"), find: text("find"), after: text("after") },
  };
}

const REQUEST = "#request=";

/** The address of the lanes with a request pinned. */
export function requestAddress(request: string): string {
  return REQUEST + encodeURIComponent(request);
}

/** A handwritten address may contain a stray %. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
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

/** The query string, without empty values. */
export function searchOf(asked: Readonly<Record<string, string>>): string {
  return new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== "")).toString();
}

/** Shows the view that the address names, now and whenever it changes. */
export function bindViews(show: (route: Route) => void): void {
  const apply = (): void => {
    const route = parseRoute(location.hash);
    const isLanes = route.view === "lanes";
    find("#lanes-view").hidden = !isLanes;
    for (const link of find("#views").querySelectorAll("a")) {
      const isCurrent = (link.hash === "#/lanes") === isLanes;
      if (isCurrent) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    show(route);
  };
  addEventListener("hashchange", apply);
  apply();
}
