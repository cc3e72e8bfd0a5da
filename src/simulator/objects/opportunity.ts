/**
 * Opportunity (vendor docs, opportunities; recorded: Crim/pardot-java-client opportunityQuery.xml, opportunityRead.xml):
 * no filter and no sort by updated_at, no custom fields (pardot/api-docs issue 159), prospects nested.
 */
import { hashText, mix, pick } from "../account/dice.ts";
import { campaignField, campaignName, prospectIdentity, someId } from "../api/links.ts";
import { COMMON_SORT } from "../account/model.ts";
import type { JsonRecord, ModelColumn, ObjectModel, World } from "../account/model.ts";
import { someText } from "../account/text.ts";

const COLUMNS: readonly ModelColumn[] = [
  { name: "id", kind: "integer" },
  { name: "name", kind: "string" },
  { name: "value", kind: "number" },
  { name: "probability", kind: "integer" },
  { name: "type", kind: "string" },
  { name: "stage", kind: "string" },
  { name: "status", kind: "string" },
  { name: "closed_at", kind: "datetime" },
  { name: "created_at", kind: "datetime" },
  { name: "updated_at", kind: "datetime" },
  { name: "campaign_id", kind: "integer" },
  { name: "campaign_name", kind: "string" },
  { name: "prospects", kind: "json" },
];
const PROSPECTS = 12;
const [CAMPAIGN_NODE, CAMPAIGN_ID] = campaignField(10);
const SALT = hashText("Opportunity");

/** None, one, or several: each has its own form in JSON. */
function prospectsOf(hash: number, world: World): readonly JsonRecord[] {
  const rows = world.baseRows("Prospect");
  const count = rows === 0 ? 0 : pick([0, 1, 1, 2, 5], hash);
  return Array.from({ length: count }, (_, n) => {
    const index = mix(hash, 10 + n) % rows;
    return { id: world.idOf("Prospect", index), ...prospectIdentity(index, world) };
  });
}

export const OPPORTUNITY: ObjectModel = {
  name: "Opportunity",
  urlName: "opportunity",
  dataKey: "opportunity",
  columns: COLUMNS,
  wire: [
    ...["id", "name", "value", "probability", "type", "stage", "status"].map((name) => ({ name })),
    { name: "closed_at", absentWhenNull: true },
    { name: "created_at" },
    { name: "updated_at" },
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
  operations: ["query", "read"],
  ranges: ["created"],
  hasUpdated: true,
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
  defaultSort: "created_at",
  mobileUnlimited: true,
  unknownIdCode: 35,
};
