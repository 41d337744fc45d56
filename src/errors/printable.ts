/** All control characters except tab and line feed. */
const CONTROLS = /[^\P{Cc}\t\n]/gu;

/**
 * A text that is safe to show at a terminal. Any message may quote what a client has sent, whose control characters could
 * recolour or rewrite the screen: they become escapes, as in JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
