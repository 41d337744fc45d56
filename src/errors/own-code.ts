/** The folder of offloop's own code: `src` in the repository, `dist` in the package. One level above this file. */
export const ownFolder: string = new URL("../", import.meta.url).href;

/** Whether a script is offloop's own. Give the URL of what runs: a source map may place it anywhere. */
export function isOwnScript(url: string): boolean {
  return url.startsWith(ownFolder);
}

/** Whether a line of a stack is a frame in offloop's own code. */
export function isOwnFrame(line: string): boolean {
  return line.includes(ownFolder);
}
