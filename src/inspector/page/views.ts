import { find } from "./element.ts";
import { parseRoute, type Route } from "./route.ts";

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
