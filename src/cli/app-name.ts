import type { App } from "../app/app.ts";
import { localPath } from "../errors/offloop-error.ts";

/**
 * An app by the title and the version that it declares. Without a title it goes by its file: the default title and
 * version would read as offloop's own.
 */
export function appName({ documentation: { title, version }, location }: App): string {
  const name = title ?? localPath(location.file);
  return version === undefined ? name : `${name} ${version}`;
}
