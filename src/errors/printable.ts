/** Controls but the tab and the line feed. */
const CONTROLS = /[^\P{Cc}\t\n]/gu;

/**
 * A text as a terminal may be given it. What a client has sent may be in any message, and with control characters it would
 * give orders to the terminal of whoever reads it: these are written as escapes, as in JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
