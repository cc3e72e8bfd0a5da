import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { shippedPackages } from "../../scripts/licenses.ts";

/** Licenses we accept in what we ship: they require their text to come along, and nothing else. */
const ACCEPTED: ReadonlySet<string> = new Set([
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

describe("the packages we ship (docs/licenses.md)", () => {
  test("are all under a license we accept", () => {
    expect(shipped.length).toBeGreaterThan(10);
    const others = shipped.filter(({ license }) => license === null || !ACCEPTED.has(license));
    expect(others.map(({ name, version, license }) => `${name}@${version}: ${license ?? "none stated"}`)).toEqual([]);
  });

  test("state the same license as package-lock.json", () => {
    const differing = shipped.flatMap(({ name, version, license, path, isOptional }) => {
      const file = new URL(`${path}/package.json`, root);
      // Binaries of other platforms are in the lock file but not installed.
      if (!existsSync(file)) return isOptional ? [] : [`${path} is not installed`];
      const own = JSON.parse(readFileSync(file, "utf8")) as {
        version: string;
        license?: string;
        licenses?: readonly { type: string }[];
      };
      const stated = own.license ?? own.licenses?.[0]?.type ?? null;
      return own.version === version && stated === license ? [] : [`${name}: ${own.version}, ${stated}`];
    });
    expect(differing).toEqual([]);
  });
});
