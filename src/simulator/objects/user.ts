/** User (vendor docs, users; recorded: Crim/pardot-java-client userQuery.xml, userRead.xml, userRead_invalidUserId.xml). */
import { hashText, mix, pick } from "../account/random.ts";
import { COMMON_SORT, CREATED_AT, defineObject, integer, plainFields, text, UPDATED_AT } from "../account/model.ts";
import type { ModelColumn, ObjectModel } from "../account/model.ts";
import { someText } from "../account/text.ts";

const COLUMNS: readonly ModelColumn[] = [
  integer("id"),
  ...["email", "first_name", "last_name", "job_title", "role"].map(text),
  integer("account"),
  CREATED_AT,
  UPDATED_AT,
];
const SALT = hashText("User");

/** Other records show a user's address and first name, so neither changes. */
export function userEmail(id: number): string {
  return `user+${id}@example.com`;
}

export const USER: ObjectModel = defineObject({
  name: "User",
  columns: COLUMNS,
  body: plainFields(COLUMNS.map(({ name }) => name)),
  make: (row, world) => {
    const hash = mix(mix(world.seed, SALT), row.index);
    const changed = mix(hash, row.revision);
    return [
      row.id,
      userEmail(row.id),
      "Sales",
      someText(mix(hash, 1)),
      mix(changed, 2) % 3 === 0 ? null : someText(mix(changed, 3)),
      pick(["Administrator", "Marketing", "Sales", "Sales Manager"], mix(changed, 4)),
      world.idOf("Account", 0),
      row.created,
      row.updated,
    ];
  },
  readBy: [["email"]],
  ranges: ["created"],
  sortKeys: COMMON_SORT,
  mobileUnlimited: true,
  unknownIdCode: 10,
  daily: () => ({ added: 2, changed: 2, deleted: 1 }),
});
