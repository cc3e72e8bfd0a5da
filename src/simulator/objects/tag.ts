/** Tag (vendor docs, tags; recorded: Crim/pardot-java-client tagQuery.xml, tagRead.xml). */
import { hashText, mix } from "../account/dice.ts";
import { COMMON_SORT, SORT_NAME, SORT_UPDATED } from "../account/model.ts";
import type { ObjectModel } from "../account/model.ts";
import { uniqueName } from "../account/text.ts";

const SALT = hashText("Tag");

export const TAG: ObjectModel = {
  name: "Tag",
  urlName: "tag",
  dataKey: "tag",
  columns: [
    { name: "id", kind: "integer" },
    { name: "name", kind: "string" },
    { name: "created_at", kind: "datetime" },
    { name: "updated_at", kind: "datetime" },
  ],
  wire: [
    { name: "id" },
    { name: "name" },
    { name: "created_at", outputs: ["full", "simple", "bulk"] },
    { name: "updated_at", outputs: ["full", "simple", "bulk"] },
  ],
  make: (row, world) => {
    const name = uniqueName(row.index, mix(mix(world.seed, SALT), row.index));
    return [row.id, row.revision === 0 ? name : `${name} r${row.revision}`, row.created, row.updated];
  },
  operations: ["query", "read"],
  ranges: ["created", "updated"],
  hasUpdated: true,
  filters: [{ name: "name", kind: "text", column: "name" }],
  sortKeys: [...COMMON_SORT, SORT_NAME, SORT_UPDATED],
  defaultSort: "created_at",
  mobileUnlimited: true,
};
