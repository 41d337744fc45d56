/** The page's element for a selector; without it the page is broken. */
export function find<Kind extends HTMLElement = HTMLElement>(
  selector: string,
  within: ParentNode = document,
): Kind {
  const found = within.querySelector<Kind>(selector);
  if (found === null) throw new Error(`Cannot find ${selector} in the page`);
  return found;
}

/** A name as text that may wrap after each part of a path. */
export function wrappable(name: string): (Node | string)[] {
  return name
    .split(/(?<=\/)(?=.)/)
    .flatMap((part, at) => (at === 0 ? [part] : [document.createElement("wbr"), part]));
}

/** Sets an element's text, only if it has changed. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets the roles of a table's parts explicitly: browsers drop them where the parts are laid out as a grid. */
export function keepTableRoles(table: HTMLTableElement): void {
  table.role = "table";
  for (const [selector, role] of [
    ["thead, tbody", "rowgroup"],
    ["tr", "row"],
    ["th", "columnheader"],
  ] as const)
    for (const part of table.querySelectorAll<HTMLElement>(selector)) part.role = role;
}

/** A new element that contains text or other elements. Text stays text: nothing is parsed as HTML. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...content: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}
