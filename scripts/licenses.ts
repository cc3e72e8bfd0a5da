import { readFileSync } from "node:fs";
import { markdownTable } from "./markdown-table.ts";

/** A package that is installed with the published one, directly or indirectly. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** As an SPDX expression; null if the package doesn't state one. */
  readonly license: string | null;
  /** Where npm puts it, below the repository's root. */
  readonly path: string;
  /** Installed only on some platforms. */
  readonly isOptional: boolean;
}

/** Licenses that npm can't find in package.json, with the source of each. */
const READ_BY_HAND: Readonly<Record<string, string>> = {
  // Its package.json has the old field `licenses`, its LICENSE is the text of MIT.
  "simple-lru-cache@0.0.2": "MIT",
};

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** All packages of package-lock.json that are not only for development, by name. */
export function shippedPackages(): readonly ShippedPackage[] {
  const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, locked]) => path !== "" && locked.dev !== true)
    .map(([path, { version = "", license, optional = false }]) => {
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      const stated = license ?? READ_BY_HAND[`${name}@${version}`] ?? null;
      return { name, version, license: stated, path, isOptional: optional };
    })
    .toSorted((a, b) => (a.name === b.name ? compare(a.version, b.version) : compare(a.name, b.name)));
}

export function licensesPage(): string {
  const shipped = shippedPackages();
  const rows = new Map(
    shipped.map(({ name, version, license, isOptional }) => [
      `${name} ${version}`,
      [`\`${name}\``, version, license ?? "not stated", isOptional ? "on some platforms" : ""],
    ]),
  );
  return [
    "# Licenses",
    "<!-- Written by scripts/docs.ts from package-lock.json; after a change of dependencies run `npm run docs`. -->",
    [
      "pardot-etl itself is under the MIT license ([LICENSE](../LICENSE)). It ships with the packages below: its dependencies",
      "and theirs, without development dependencies. Each package carries its license text in its own folder, in",
      "`node_modules` and in the container image. `test/package/licenses.test.ts` lists the licenses we accept.",
    ].join("\n"),
    markdownTable(["Package", "Version", "License", ""], [...rows.values()]),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

/** By code points, so that all machines write the same page. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
