import { expect, test } from "vitest";
import { deletesOf } from "./deletes.ts";
import { entries } from "./index.ts";
import { selectWays } from "./versions.ts";
import type { ApiVersion } from "./versions.ts";

function deletesUnder(version: ApiVersion): Readonly<Record<string, string>> {
  return Object.fromEntries(selectWays(entries, version).map((object) => [object.name, deletesOf(object)]));
}

test("for each object it is known how its deleted records are seen", () => {
  expect(deletesUnder("auto")).toMatchObject({
    Prospect: "ProspectDeleted",
    ListMembership: "ListMembershipDeleted",
    Campaign: "read in full",
    Account: "read in full",
    Tag: "not seen",
    Email: "not seen",
    User: "is_deleted",
    LifecycleHistory: "not seen",
  });
});

test("a core object has the same columns in API v5, so it has no is_deleted there", () => {
  expect(deletesUnder("5")).toMatchObject({ Prospect: "not seen", ListMembership: "not seen", User: "is_deleted" });
});
