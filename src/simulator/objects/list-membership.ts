/** List membership (vendor docs, list memberships and export; recorded: Crim/pardot-java-client listMembershipQuery.xml). */
import { hashText, mix } from "../account/random.ts";
import { someId } from "./links.ts";
import {
  boolean,
  COMMON_SORT,
  CREATED_AT,
  defineObject,
  idFilter,
  integer,
  plainFields,
  timeProcedure,
  UPDATED_AT,
} from "../account/model.ts";
import type { ObjectModel } from "../account/model.ts";

const SALT = hashText("ListMembership");

export const LIST_MEMBERSHIP: ObjectModel = defineObject({
  name: "ListMembership",
  dataKey: "list_membership",
  columns: [...["id", "list_id", "prospect_id"].map(integer), boolean("opted_out"), CREATED_AT, UPDATED_AT],
  body: plainFields(["id", "list_id", "prospect_id", "opted_out", "created_at", "updated_at"]),
  make: (row, world) => {
    const hash = mix(mix(world.seed, SALT), row.index);
    const [list, prospect] = [someId("List", mix(hash, 1), world), someId("Prospect", mix(hash, 2), world)];
    return [row.id, list, prospect, (mix(hash, 3) + row.revision) % 8 === 0, row.created, row.updated];
  },
  readBy: [["list_id", "prospect_id"]],
  filters: [
    idFilter("list_id", 55),
    // Undocumented (pardot/api-docs issue 36).
    idFilter("prospect_id", 3),
  ],
  sortKeys: COMMON_SORT,
  deletes: true,
  mobileUnlimited: true,
  procedures: [timeProcedure("created", { deleted: "deleted" }), timeProcedure("updated", { deleted: "deleted" })],
});
