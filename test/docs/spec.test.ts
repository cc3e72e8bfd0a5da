import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

// Holds docs/spec.md to the tests and the tests to it: a guarantee names its tests, and each of those names it.

const ROOT = join(import.meta.dirname, "../..");
const SELF = "test/docs/spec.test.ts";

async function testFiles(): Promise<string[]> {
  const found: string[] = [];
  for (const folder of ["src", "test"]) {
    const names = await readdir(join(ROOT, folder), { recursive: true });
    found.push(...names.filter((name) => name.endsWith(".test.ts")).map((name) => `${folder}/${name}`));
  }
  return found.filter((name) => name !== SELF);
}

/** Texts of the guarantees by their names; the last ends where the known gaps or assumptions begin. */
async function guarantees(): Promise<ReadonlyMap<string, string>> {
  const spec = await readFile(join(ROOT, "docs/spec.md"), "utf8");
  const [part = ""] = (spec.split("\n## Guarantees\n")[1] ?? "").split("\n## ");
  const sections = part.split(/\n(?=\*\*G\d )/).filter((text) => text.startsWith("**G"));
  return new Map(sections.map((text) => [text.slice(2, 4), text]));
}

function named(section: string): string[] {
  return [...section.matchAll(/`((?:src|test)\/[^`]+\.test\.ts)`/g)].map(([, path]) => path ?? "");
}

describe.each(["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8"])("docs/spec.md, %s", (name) => {
  it("names its tests, and each of them names it", async () => {
    const tests = named((await guarantees()).get(name) ?? "");
    expect(tests).not.toEqual([]);
    const silent = [];
    for (const path of tests) {
      const text = await readFile(join(ROOT, path), "utf8");
      if (!new RegExp(`\\b${name}\\b`).test(text)) silent.push(path);
    }
    expect(silent).toEqual([]);
  });

  it("names every test that names it", async () => {
    const tests = new Set(named((await guarantees()).get(name) ?? ""));
    const unnamed = [];
    for (const path of await testFiles()) {
      const text = await readFile(join(ROOT, path), "utf8");
      if (new RegExp(`\\b${name}\\b`).test(text) && !tests.has(path)) unnamed.push(path);
    }
    expect(unnamed).toEqual([]);
  });
});

it("docs/spec.md knows no gap among the guarantees", async () => {
  const spec = await readFile(join(ROOT, "docs/spec.md"), "utf8");
  const gaps = spec.split("\n## Known gaps\n")[1]?.split("\n## ")[0] ?? "";
  expect(gaps.match(/\*\*G\d.*/g) ?? []).toEqual([]);
});
