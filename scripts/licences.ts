import { readFileSync } from "node:fs";
import { markdownTable } from "./markdown-table.ts";

/** A package that is installed with the published one, directly or indirectly. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression; null if not stated. */
  readonly licence: string | null;
  /** Folder in which npm installs it, relative to the repository's root. */
  readonly path: string;
  /** Installed only on some platforms. */
  readonly isOptional: boolean;
}

/** Packages whose license is not where npm looks for it, with the source. */
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
      const licence = license ?? READ_BY_HAND[`${name}@${version}`] ?? null;
      return { name, version, licence, path, isOptional: optional };
    })
    .toSorted((a, b) => (a.name === b.name ? compare(a.version, b.version) : compare(a.name, b.name)));
}

export function licencesPage(): string {
  const shipped = shippedPackages();
  const rows = new Map(
    shipped.map(({ name, version, licence, isOptional }) => [
      `${name} ${version}`,
      [`\`${name}\``, version, licence ?? "not stated", isOptional ? "on some platforms" : ""],
    ]),
  );
  return [
    "# Licenses",
    "<!-- Written by scripts/docs.ts from package-lock.json; after a change of dependencies `npm run docs`. -->",
    [
      "pardot-etl itself is under the MIT license ([LICENSE](../LICENSE)). These packages are installed with it, including",
      "indirect dependencies, but not those for development only. Each package has its license text in its own folder, both in",
      "`node_modules` and in the container image. `test/package/licences.test.ts` lists the accepted licenses.",
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
