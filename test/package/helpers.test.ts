import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

it("no helper registers hooks when it is imported: read once for many test files, it would register them in the first only", async () => {
  const names = await readdir(join(ROOT, "test"), { recursive: true });
  const helpers = names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  expect(helpers.length).toBeGreaterThan(50);
  const texts = await Promise.all(helpers.map((name) => readFile(join(ROOT, "test", name), "utf8")));
  expect(helpers.filter((_, n) => /^(before|after)(Each|All)\(/m.test(texts[n] ?? ""))).toEqual([]);
});
