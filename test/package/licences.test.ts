import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { shippedPackages } from "../../scripts/licences.ts";

/** Accepted licenses of included packages: they only require their text to be included. */
const TAKEN: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

const root = new URL("../../", import.meta.url);
const shipped = shippedPackages();

describe("the installed packages (docs/licences.md)", () => {
  test("all have an accepted license", () => {
    expect(shipped.length).toBeGreaterThan(10);
    const others = shipped.filter(({ licence }) => licence === null || !TAKEN.has(licence));
    expect(others.map(({ name, version, licence }) => `${name}@${version}: ${licence ?? "none stated"}`)).toEqual([]);
  });

  test("have the same license in their package.json as in package-lock.json", () => {
    const differing = shipped.flatMap(({ name, version, licence, path, isOptional }) => {
      const file = new URL(`${path}/package.json`, root);
      // Binaries of other platforms are in the lock file but not installed.
      if (!existsSync(file)) return isOptional ? [] : [`${path} is not installed`];
      const own = JSON.parse(readFileSync(file, "utf8")) as {
        version: string;
        license?: string;
        licenses?: readonly { type: string }[];
      };
      const stated = own.license ?? own.licenses?.[0]?.type ?? null;
      return own.version === version && stated === licence ? [] : [`${name}: ${own.version}, ${stated}`];
    });
    expect(differing).toEqual([]);
  });
});
