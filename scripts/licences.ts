import { readFileSync } from "node:fs";
import { markdownTable } from "./markdown-table.ts";

/** A package that the published one brings with it, however deep. */
export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** As an SPDX expression; null: it says none. */
  readonly licence: string | null;
  /** Where npm puts it, below the repository's root. */
  readonly path: string;
  /** Installed on some platforms only. */
  readonly isOptional: boolean;
}

/** Packages whose licence stands elsewhere than npm looks for it, and where it was read. */
const READ_BY_HAND: Readonly<Record<string, string>> = {
  // Its package.json has the old form `licenses`, its LICENSE is the text of MIT.
  "simple-lru-cache@0.0.2": "MIT",
};

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

/** What package-lock.json says of everything that is not for development only, by name. */
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
    "# Licences",
    "<!-- Written by scripts/docs.ts from package-lock.json; after a change of dependencies `npm run docs`. -->",
    [
      "pardot-etl itself is under the MIT licence ([LICENSE](../LICENSE)). These packages come with it, the dependencies of its",
      "dependencies included; what is for development only is not among them. Each package carries the text of its licence in",
      "its own folder, in `node_modules` as well as in the container image. Which licences are taken is fixed by",
      "`test/package/licences.test.ts`.",
    ].join("\n"),
    markdownTable(["Package", "Version", "Licence", ""], [...rows.values()]),
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

/** By code points, so that every machine writes the same page. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
