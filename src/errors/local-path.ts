import { relative } from "node:path";

/** A file as it is shown: relative to the working directory when it lies inside it. */
export function localPath(file: string): string {
  const local = relative(process.cwd(), file);
  return local === "" || local.startsWith("..") ? file : local;
}
