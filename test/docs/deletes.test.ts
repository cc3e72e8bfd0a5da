import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deletesOf } from "../../src/catalog/facts.ts";
import { catalog } from "../../src/catalog/index.ts";

test("the page on deleted records names every object with the way in which its deletions are seen", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/deletes.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([^`]+)` +\|[^|]+\| ([^|]+?) +\|$/gm)];
  const written = rows.flatMap(([, way = "", names = ""]) => names.split(", ").map((name) => `${name}: ${way}`));
  const actual = catalog
    .filter((object) => deletesOf(object) !== "deleted only")
    .map((object) => `${object.name}: ${deletesOf(object)}`);
  expect(written.toSorted()).toEqual(actual.toSorted());
});
