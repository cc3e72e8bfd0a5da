/**
 * Opportunity (vendor docs, opportunities; recorded: Crim/pardot-java-client opportunityQuery.xml, opportunityRead.xml):
 * no filter and no sort by updated_at, no custom fields (pardot/api-docs issue 159), prospects nested.
 */
import { hashText, mix, pick } from "../account/random.ts";
import { campaignField, campaignName, prospectIdentity, someId } from "./links.ts";
import { COMMON_SORT, CREATED_AT, defineObject, integer, plainFields, text, UPDATED_AT } from "../account/model.ts";
import type { JsonRecord, ModelColumn, ObjectModel, World } from "../account/model.ts";
import { someText } from "../account/text.ts";

const COLUMNS: readonly ModelColumn[] = [
  integer("id"),
  text("name"),
  { name: "value", kind: "number" },
  integer("probability"),
  ...["type", "stage", "status"].map(text),
  { name: "closed_at", kind: "datetime" },
  CREATED_AT,
  UPDATED_AT,
  integer("campaign_id"),
  text("campaign_name"),
  { name: "prospects", kind: "json" },
];
const PROSPECTS = COLUMNS.length - 1;
const [CAMPAIGN_NODE, CAMPAIGN_ID] = campaignField(10);
const SALT = hashText("Opportunity");

/** None, one, or several: JSON has a different form for each. */
function prospectsOf(hash: number, world: World): readonly JsonRecord[] {
  const rows = world.baseRows("Prospect");
  const count = rows === 0 ? 0 : pick([0, 1, 1, 2, 5], hash);
  return Array.from({ length: count }, (_, n) => {
    const index = mix(hash, 10 + n) % rows;
    return { id: world.idOf("Prospect", index), ...prospectIdentity(index, world) };
  });
}

export const OPPORTUNITY: ObjectModel = defineObject({
  name: "Opportunity",
  columns: COLUMNS,
  body: [
    ...plainFields(["id", "name", "value", "probability", "type", "stage", "status"]),
    { name: "closed_at", absentWhenNull: true },
    ...plainFields(["created_at", "updated_at"]),
    CAMPAIGN_NODE,
    CAMPAIGN_ID,
    {
      name: "prospects",
      outputs: ["full", "simple"],
      nested: (values) => {
        const prospects = values[PROSPECTS];
        return Array.isArray(prospects) && prospects.length > 0
          ? { prospect: (prospects as readonly JsonRecord[]).map((prospect) => ({ ...prospect })) }
          : null;
      },
    },
    { name: "opportunity_activities", outputs: ["full"], operation: "read", nested: () => null },
  ],
  make: (row, world) => {
    const hash = mix(mix(world.seed, SALT), row.index);
    const changed = mix(hash, row.revision);
    const campaign = mix(hash, 1) % 12 === 0 ? null : someId("Campaign", mix(hash, 2), world);
    const status = pick(["Open", "Open", "Won", "Lost"], mix(changed, 3));
    return [
      row.id,
      `${someText(mix(hash, 4))} #${row.index}`,
      mix(changed, 5) % 10 === 0 ? null : (mix(changed, 6) % 10_000_000) / pick([1, 2, 100], mix(changed, 7)),
      mix(changed, 8) % 10 === 0 ? null : mix(changed, 9) % 101,
      mix(hash, 10) % 5 === 0 ? null : someText(mix(hash, 11)),
      pick(["Proposal", "Closed, Won", "02 - Qualified", "1e3"], mix(changed, 12)),
      status,
      status === "Open" ? null : row.updated,
      row.created,
      row.updated,
      campaign,
      campaign === null ? null : campaignName(campaign, world),
      prospectsOf(mix(hash, 13), world),
    ];
  },
  ranges: ["created"],
  filters: [
    { name: "probability_greater_than", kind: "above", column: "probability" },
    { name: "probability_less_than", kind: "below", column: "probability" },
    { name: "value_greater_than", kind: "above", column: "value" },
    { name: "value_less_than", kind: "below", column: "value" },
    { name: "prospect_id", kind: "has-id", column: "prospects", code: 3 },
    { name: "prospect_email", kind: "has-email", column: "prospects" },
  ],
  sortKeys: [
    ...COMMON_SORT,
    { name: "probability", column: "probability", order: "descending" },
    { name: "value", column: "value", order: "descending" },
  ],
  mobileUnlimited: true,
  unknownIdCode: 35,
});
