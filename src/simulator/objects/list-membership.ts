/** List membership (vendor docs, list memberships and export; recorded: Crim/pardot-java-client listMembershipQuery.xml). */
import { hashText, mix } from "../account/dice.ts";
import { someId } from "../api/links.ts";
import { COMMON_SORT } from "../account/model.ts";
import type { ObjectModel } from "../account/model.ts";

const SALT = hashText("ListMembership");

export const LIST_MEMBERSHIP: ObjectModel = {
  name: "ListMembership",
  urlName: "listMembership",
  dataKey: "list_membership",
  columns: [
    { name: "id", kind: "integer" },
    { name: "list_id", kind: "integer" },
    { name: "prospect_id", kind: "integer" },
    { name: "opted_out", kind: "boolean" },
    { name: "created_at", kind: "datetime" },
    { name: "updated_at", kind: "datetime" },
  ],
  wire: ["id", "list_id", "prospect_id", "opted_out", "created_at", "updated_at"].map((name) => ({ name })),
  make: (row, world) => {
    const hash = mix(mix(world.seed, SALT), row.index);
    const [list, prospect] = [someId("List", mix(hash, 1), world), someId("Prospect", mix(hash, 2), world)];
    return [row.id, list, prospect, (mix(hash, 3) + row.revision) % 8 === 0, row.created, row.updated];
  },
  operations: ["query", "read"],
  readBy: [["list_id", "prospect_id"]],
  ranges: ["created", "updated"],
  hasUpdated: true,
  filters: [
    { name: "list_id", kind: "ids", column: "list_id", code: 55 },
    // Undocumented (pardot/api-docs issue 36).
    { name: "prospect_id", kind: "ids", column: "prospect_id", code: 3 },
  ],
  sortKeys: COMMON_SORT,
  defaultSort: "created_at",
  deletes: true,
  mobileUnlimited: true,
  procedures: [
    {
      name: "filter_by_created_at",
      field: "created",
      after: "created_after",
      before: "created_before",
      options: { deleted: "deleted" },
    },
    {
      name: "filter_by_updated_at",
      field: "updated",
      after: "updated_after",
      before: "updated_before",
      options: { deleted: "deleted" },
    },
  ],
};
