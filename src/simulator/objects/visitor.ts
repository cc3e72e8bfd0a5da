/** Visitor (vendor docs, visitors; recorded: Crim/pardot-java-client visitorQuery.xml, visitorRead.xml). */
import { hashText, mix, pick } from "../account/random.ts";
import { someId } from "./links.ts";
import {
  COMMON_SORT,
  CREATED_AT,
  defineObject,
  idFilter,
  integer,
  plainFields,
  SORT_UPDATED,
  text,
  timeProcedure,
  UPDATED_AT,
} from "../account/model.ts";
import type { ObjectModel, Output } from "../account/model.ts";
import { someText } from "../account/text.ts";

/** Unconfirmed for export files; not exported here. */
const DEVICE: readonly string[] = [
  "browser", "browser_version", "operating_system", "operating_system_version", "language", "screen_height",
  "screen_width", "is_flash_enabled", "is_java_enabled",
]; // prettier-ignore
/** Values in the order of `DEVICE`. */
const DEVICES: readonly [readonly string[], ...(readonly string[])[]] = [
  ["Chrome", "119.0", "Windows", "10", "en-US", "1080", "1920", "0", "1"],
  ["Safari", "17.10", "Mac OS X", "10.15", "fr", "0900", "1440", "", "0"],
];
const PARAMETERS = ["campaign", "medium", "source", "content", "term"].map((name) => `${name}_parameter`);
const NOT_MOBILE: readonly Output[] = ["full", "simple", "bulk"];
const SALT = hashText("Visitor");

export const VISITOR: ObjectModel = defineObject({
  name: "Visitor",
  columns: [
    ...["id", "prospect_id", "page_view_count"].map(integer),
    ...["ip_address", "hostname", ...PARAMETERS].map(text),
    CREATED_AT,
    UPDATED_AT,
    ...DEVICE.map((name) => ({ ...text(name), apiOnly: true, notExported: true })),
  ],
  body: [
    ...plainFields(["id", "prospect_id", "page_view_count", "ip_address", "hostname"]),
    ...[...DEVICE, ...PARAMETERS].map((name) => ({ name, outputs: NOT_MOBILE })),
    ...plainFields(["created_at", "updated_at"]),
    { name: "visitor_activities", outputs: ["full"], operation: "read", nested: () => null },
  ],
  make: (row, world) => {
    const hash = mix(mix(world.seed, SALT), row.index);
    const changed = mix(hash, row.revision);
    return [
      row.id,
      // Two in five belong to a prospect; the rest are anonymous.
      mix(hash, 1) % 5 < 2 ? someId("Prospect", mix(hash, 2), world) : null,
      mix(changed, 3) % 20 === 0 ? null : 1 + (mix(changed, 4) % 300),
      mix(hash, 5) % 10 === 0 ? "2001:db8::7" : `192.0.2.${mix(hash, 6) % 256}`,
      mix(hash, 7) % 3 === 0 ? null : `host-${mix(hash, 8) % 999}.example.net`,
      ...PARAMETERS.map((_, n) => parameterOf(mix(hash, 20 + n))),
      row.created,
      row.updated,
      // Null as recorded, or all set.
      ...(mix(hash, 30) % 3 === 0 ? pick(DEVICES, mix(hash, 31)) : DEVICE.map(() => null)),
    ];
  },
  filters: [
    // Anonymous visitors are returned only with only_identified=false.
    { name: "only_identified", kind: "set", column: "prospect_id", code: 50, missing: "true" },
    idFilter("prospect_ids", 3, "prospect_id"),
  ],
  sortKeys: [...COMMON_SORT, SORT_UPDATED],
  mobileUnlimited: true,
  fieldsParameter: true,
  unknownIdCode: 24,
  procedures: [timeProcedure("updated"), timeProcedure("created")],
});

function parameterOf(hash: number): string | null {
  if (hash % 2 === 0) return null;
  return hash % 21 === 0 ? "" : pick([someText(mix(hash, 1)), "utm&x=1"], mix(hash, 2) % 5 === 0 ? 1 : 0);
}
