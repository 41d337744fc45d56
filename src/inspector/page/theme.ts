import { find } from "./element.ts";

const KEY = "offloop-inspector-theme";
const themes = ["auto", "light", "dark"] as const;
const descriptions = { auto: "as the system", light: "light", dark: "dark" };

/** Lets the button choose between the system's theme, light and dark, and tells when the colours have changed. */
export function bindTheme(onChange: () => void): void {
  const button = find<HTMLButtonElement>("#theme");
  let at = Math.max(0, themes.indexOf((localStorage.getItem(KEY) ?? "auto") as (typeof themes)[number]));
  const apply = (): void => {
    const theme = themes[at] ?? "auto";
    document.documentElement.dataset.theme = theme;
    button.textContent = `Theme: ${theme}`;
    button.setAttribute("aria-label", `Colours: ${descriptions[theme]}`);
    onChange();
  };
  button.addEventListener("click", () => {
    at = (at + 1) % themes.length;
    localStorage.setItem(KEY, themes[at] ?? "auto");
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onChange);
  apply();
}
