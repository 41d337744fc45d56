import { find } from "./element.ts";

/** Asks before something is ended. Escape and the first button mean no. */
export function confirmEnd(title: string, text: string): Promise<boolean> {
  const dialog = find<HTMLDialogElement>("#confirm");
  find("#confirm-title").textContent = title;
  find("#confirm-text").textContent = text;
  return new Promise((resolve) => {
    const answered = new AbortController();
    const { signal } = answered;
    const answer = (yes: boolean): void => {
      answered.abort();
      dialog.close();
      resolve(yes);
    };
    find("#confirm-yes").addEventListener("click", () => answer(true), { signal });
    find("#confirm-no").addEventListener("click", () => answer(false), { signal });
    dialog.addEventListener("cancel", () => answer(false), { signal });
    dialog.showModal();
  });
}
