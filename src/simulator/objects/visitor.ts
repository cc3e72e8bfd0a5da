/** Visitor (vendor docs, visitors; recorded: Crim/pardot-java-client visitorQuery.xml, visitorRead.xml). */
import { hashText, mix, pick } from "../account/dice.ts";
import { someId } from "../api/links.ts";
import { COMMON_SORT, SORT_UPDATED } from "../account/model.ts";
import type { ModelColumn, ObjectModel, Output } from "../account/model.ts";
import { someText } from "../account/text.ts";

/** Whether export files have them is unconfirmed; here they do not. */
const DEVICE: readonly string[] = [
  "browser", "browser_version", "operating_system", "operating_system_version", "language", "screen_height",
  "screen_width", "is_flash_enabled", "is_java_enabled",
]; // prettier-ignore
const PARAMETERS = ["campaign", "medium", "source", "content", "term"].map((name) => `${name}_parameter`);
const NOT_MOBILE: readonly Output[] = ["full", "simple", "bulk"];
const SALT = hashText("Visitor");

const text = (name: string): ModelColumn => ({ name, kind: "string" });

export const VISITOR: ObjectModel = {
  name: "Visitor",
  urlName: "visitor",
  dataKey: "visitor",
  columns: [
    { name: "id", kind: "integer" },
    { name: "prospect_id", kind: "integer" },
    { name: "page_view_count", kind: "integer" },
    text("ip_address"),
    text("hostname"),
    ...PARAMETERS.map(text),
    { name: "created_at", kind: "datetime" },
    { name: "updated_at", kind: "datetime" },
    ...DEVICE.map((name) => ({ ...text(name), wireOnly: true, notExported: true })),
  ],
  wire: [
    ...["id", "prospect_id", "page_view_count", "ip_address", "hostname"].map((name) => ({ name })),
    ...[...DEVICE, ...PARAMETERS].map((name) => ({ name, outputs: NOT_MOBILE })),
    { name: "created_at" },
    { name: "updated_at" },
    { name: "visitor_activities", outputs: ["full"], operation: "read", nested: () => null },
  ],
  make: (row, world) => {
    const hash = mix(mix(world.seed, SALT), row.index);
    const changed = mix(hash, row.revision);
    return [
      row.id,
      // Two of five are known; the rest are anonymous.
      mix(hash, 1) % 5 < 2 ? someId("Prospect", mix(hash, 2), world) : null,
      mix(changed, 3) % 20 === 0 ? null : 1 + (mix(changed, 4) % 300),
      mix(hash, 5) % 10 === 0 ? "2001:db8::7" : `192.0.2.${mix(hash, 6) % 256}`,
      mix(hash, 7) % 3 === 0 ? null : `host-${mix(hash, 8) % 999}.example.net`,
      ...PARAMETERS.map((_, n) => parameterOf(mix(hash, 20 + n))),
      row.created,
      row.updated,
      ...DEVICE.map(() => null),
    ];
  },
  operations: ["query", "read"],
  ranges: ["created", "updated"],
  hasUpdated: true,
  filters: [
    // Anonymous visitors come only when asked for.
    { name: "only_identified", kind: "set", column: "prospect_id", code: 50, missing: "true" },
    { name: "prospect_ids", kind: "ids", column: "prospect_id", code: 3 },
  ],
  sortKeys: [...COMMON_SORT, SORT_UPDATED],
  defaultSort: "created_at",
  mobileUnlimited: true,
  fieldsParameter: true,
  unknownIdCode: 24,
  procedures: [
    {
      name: "filter_by_updated_at",
      field: "updated",
      after: "updated_after",
      before: "updated_before",
      options: {},
    },
    {
      name: "filter_by_created_at",
      field: "created",
      after: "created_after",
      before: "created_before",
      options: {},
    },
  ],
};

function parameterOf(hash: number): string | null {
  if (hash % 2 === 0) return null;
  return hash % 21 === 0 ? "" : pick([someText(mix(hash, 1)), "utm&x=1"], mix(hash, 2) % 5 === 0 ? 1 : 0);
}
