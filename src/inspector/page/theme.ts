import { find } from "./element.ts";

const RUN_COLOURS = 8;

/** The colours of the style sheet, in a form that a canvas accepts. */
export interface Palette {
  readonly runs: readonly string[];
  readonly onRun: string;
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly lane: string;
  readonly raised: string;
  readonly blocked: string;
  readonly accent: string;
}

export function readPalette(): Palette {
  const probe = document.createElement("i");
  probe.className = "probe";
  document.body.append(probe);
  // A custom property returns its text as written; as an element's colour it resolves to the colour of the theme.
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const palette = {
    runs: Array.from({ length: RUN_COLOURS }, (_, at) => read(`run-${at + 1}`)),
    onRun: read("on-run"),
    ink: read("ink"),
    quiet: read("quiet"),
    line: read("line"),
    lane: read("lane"),
    raised: read("raised"),
    blocked: read("blocked"),
    accent: read("accent"),
  };
  probe.remove();
  return palette;
}

/** The colour of an operation or task. */
export function colourOf({ runs, quiet }: Palette, name: number): string {
  return runs[name % runs.length] ?? quiet;
}

const KEY = "offloop-inspector-theme";
const themes = ["auto", "light", "dark"] as const;
const descriptions = { auto: "auto, as the system", light: "light", dark: "dark" };

/** Lets the button choose between the system's theme, light and dark, and reports when the colours have changed. */
export function bindTheme(onChange: () => void): void {
  const button = find<HTMLButtonElement>("#theme");
  let at = Math.max(0, themes.indexOf((localStorage.getItem(KEY) ?? "auto") as (typeof themes)[number]));
  let isPrinting = false;
  const apply = (): void => {
    const theme = themes[at] ?? "auto";
    document.documentElement.dataset.theme = isPrinting ? "light" : theme;
    document.documentElement.toggleAttribute("data-printing", isPrinting);
    button.textContent = `Theme: ${theme}`;
    button.setAttribute("aria-label", `Theme: ${descriptions[theme]}`);
    onChange();
  };
  button.addEventListener("click", () => {
    at = (at + 1) % themes.length;
    localStorage.setItem(KEY, themes[at] ?? "auto");
    apply();
  });
  for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"])
    matchMedia(query).addEventListener("change", onChange);
  const print = (is: boolean): void => {
    if (is === isPrinting) return;
    isPrinting = is; // paper is light
    apply();
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  const printed = matchMedia("print");
  printed.addEventListener("change", () => print(printed.matches));
  apply();
}
