import { expect, test } from "vitest";
import { deletesOf, groupsOf } from "./facts.ts";
import { entries } from "./index.ts";
import { selectWays } from "./versions.ts";
import type { ApiVersion } from "./versions.ts";

function deletesUnder(version: ApiVersion, changed = entries): Readonly<Record<string, string>> {
  return Object.fromEntries(selectWays(changed, version).map((object) => [object.name, deletesOf(object)]));
}

test("core has fourteen objects, and deletes those that hold deleted records", () => {
  expect(entries.filter((entry) => groupsOf(entry, entries).includes("core"))).toHaveLength(14);
  expect(groupsOf({ name: "TagDeleted", core: false }, entries)).toEqual(["deletes", "all"]);
  expect(groupsOf({ name: "Visit", core: false }, entries)).toEqual(["all"]);
});

test.each([
  ["auto", []],
  ["5", []],
  ["4", ["all"]],
] as const)("under %s the statistics that v4 reads by list email are in %j", (version, groups) => {
  expect(groupsOf({ name: "EmailStats", core: false }, selectWays(entries, version))).toEqual(groups);
});

test("for each object it is known how its deleted records are seen", () => {
  expect(deletesUnder("auto")).toMatchObject({
    Prospect: "ProspectDeleted",
    ProspectDeleted: "deleted only",
    ListMembership: "ListMembershipDeleted",
    Campaign: "read in full",
    Account: "read in full",
    Tag: "not seen",
    Email: "not seen",
    User: "is_deleted",
    LifecycleHistory: "not seen",
  });
});

test("v3/v4 marks no record as deleted, although the columns are the same", () => {
  expect(deletesUnder("4")).toMatchObject({ Prospect: "ProspectDeleted", User: "not seen", Visit: "not seen" });
  const user = selectWays(entries, "4").find(({ name }) => name === "User");
  expect(user?.columns.find(({ name }) => name === "is_deleted")?.wire).toBeNull();
});

test("an object that names those of deleted records has one of that name", () => {
  const named = entries.flatMap(({ v4 }) => v4?.deletedIn ?? []);
  expect(named).toEqual(entries.filter(({ v4 }) => v4?.deletedOnly === true).map(({ name }) => name));
});

test("objects of deleted records exist only where their object is read through v4", () => {
  const withV5 = deletesUnder("5");
  expect(Object.keys(withV5).filter((name) => name.endsWith("Deleted"))).toEqual([]);
  expect(withV5).toMatchObject({ Prospect: "not seen", ListMembership: "not seen", User: "is_deleted" });
  const changed = entries.map((entry) => (entry.name === "Prospect" ? { ...entry, v4: null } : entry));
  expect(Object.keys(deletesUnder("auto", changed)).filter((name) => name.endsWith("Deleted"))).toEqual([
    "ListMembershipDeleted",
  ]);
});
