import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

// Compares docs/spec.md with the tests: a guarantee names its tests, and each of those names it.

const ROOT = join(import.meta.dirname, "../..");
const SELF = "test/docs/spec.test.ts";

/** Every test file with its text, read once. */
const texts = new Map<string, string>();
for (const folder of ["src", "test"]) {
  for (const name of await readdir(join(ROOT, folder), { recursive: true })) {
    const path = `${folder}/${name}`;
    if (name.endsWith(".test.ts") && path !== SELF) texts.set(path, await readFile(join(ROOT, path), "utf8"));
  }
}

/** Texts of the guarantees by their names; the last ends at the known gaps or assumptions. */
async function guarantees(): Promise<ReadonlyMap<string, string>> {
  const spec = await readFile(join(ROOT, "docs/spec.md"), "utf8");
  const [part = ""] = (spec.split("\n## Guarantees\n")[1] ?? "").split("\n## ");
  const sections = part.split(/\n(?=\*\*G\d+ )/).filter((text) => text.startsWith("**G"));
  return new Map(sections.map((text) => [text.slice(2, text.indexOf(" ")), text]));
}

function named(section: string): string[] {
  return [...section.matchAll(/`((?:src|test)\/[^`]+\.test\.ts)`/g)].map(([, path]) => path ?? "");
}

function isNamedIn(guarantee: string, text: string): boolean {
  return new RegExp(`\\b${guarantee}\\b`).test(text);
}

describe.each(["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9", "G10"])("docs/spec.md, %s", (name) => {
  it("names its tests, and each of them names it", async () => {
    const tests = named((await guarantees()).get(name) ?? "");
    expect(tests).not.toEqual([]);
    const silent = tests.filter((path) => !isNamedIn(name, texts.get(path) ?? ""));
    expect(silent).toEqual([]);
  });

  it("names every test that names it", async () => {
    const tests = new Set(named((await guarantees()).get(name) ?? ""));
    const unnamed = [...texts].filter(([path, text]) => isNamedIn(name, text) && !tests.has(path));
    expect(unnamed.map(([path]) => path)).toEqual([]);
  });
});

it("docs/spec.md has no known gap among the guarantees", async () => {
  const spec = await readFile(join(ROOT, "docs/spec.md"), "utf8");
  const gaps = spec.split("\n## Known gaps\n")[1]?.split("\n## ")[0] ?? "";
  expect(gaps.match(/\*\*G\d.*/g) ?? []).toEqual([]);
});
