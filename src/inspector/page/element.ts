/** The element of the page that a selector means; the page is wrong without it. */
export function find<Kind extends HTMLElement = HTMLElement>(
  selector: string,
  within: ParentNode = document,
): Kind {
  const found = within.querySelector<Kind>(selector);
  if (found === null) throw new Error(`Cannot find ${selector} in the page`);
  return found;
}

/** A name as text that may be broken after each part of a path. */
export function wrappable(name: string): (Node | string)[] {
  return name
    .split(/(?<=\/)(?=.)/)
    .flatMap((part, at) => (at === 0 ? [part] : [document.createElement("wbr"), part]));
}

/** Text of an element, written only where it has changed. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Says what the parts of a table are: where they are laid out as a grid, browsers would not. */
export function keepTableRoles(table: HTMLTableElement): void {
  table.role = "table";
  for (const [selector, role] of [
    ["thead, tbody", "rowgroup"],
    ["tr", "row"],
    ["th", "columnheader"],
  ] as const)
    for (const part of table.querySelectorAll<HTMLElement>(selector)) part.role = role;
}

/** A new element that holds text or other elements. Text stays text: nothing is read as HTML. */
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
