import { readFileSync } from "node:fs";

/** The package's version, from the package.json two folders up, in the source as in the built package. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { readonly version: string };
  return version;
}
