import { expect, test } from "vitest";
import type { CatalogObject } from "./catalog.ts";
import { deletesSeen, groupsOf } from "./facts.ts";
import { entries } from "./index.ts";
import { selectWays } from "./versions.ts";

test("core has fourteen objects, and deletes those that hold deleted records", () => {
  expect(entries.filter((entry) => groupsOf(entry).includes("core"))).toHaveLength(14);
  expect(groupsOf({ name: "TagDeleted", core: false })).toEqual(["deletes", "all"]);
  expect(groupsOf({ name: "Visit", core: false })).toEqual(["all"]);
});

test("deletes are seen by a mark, by an object of deleted records, by reading in full, or not at all", () => {
  const catalog = selectWays(entries, "auto").filter(({ name }) => !name.endsWith("Deleted"));
  const withDeleted = catalog.flatMap((object) =>
    object.name === "Tag" ? [object, { ...object, name: "TagDeleted" }] : [object],
  );
  const seen = (objects: readonly CatalogObject[], name: string): readonly string[] =>
    objects.filter((object) => object.name === name).map((object) => deletesSeen(object, objects));
  expect(seen(withDeleted, "Tag")).toEqual(["TagDeleted"]);
  expect(seen(withDeleted, "TagDeleted")).toEqual(["deleted only"]);
  expect(seen(catalog, "Tag")).toEqual(["not seen"]);
  expect(seen(catalog, "User")).toEqual(["is_deleted"]);
  expect(seen(catalog, "Folder")).toEqual(["read in full"]);
  expect(seen(catalog, "EmailStats")).toEqual(["not seen"]);
});
