const FOLDER = /[\\/]node_modules[\\/]/;

/** The package that a file belongs to: `@acme/items`. Undefined for the user's own files, and those of linked packages. */
export function installedPackage(file: string): string | undefined {
  const [, ...inside] = file.split(FOLDER);
  const parts = inside.at(-1)?.split(/[\\/]/);
  return parts?.slice(0, parts[0]?.startsWith("@") ? 2 : 1).join("/");
}
