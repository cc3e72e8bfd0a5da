/** Campaign, form, list and tag (vendor docs, one page each; recorded: Crim/pardot-java-client *Query.xml, *Read.xml). */
import { hashText, mix, pick } from "../account/random.ts";
import { campaignField, campaignName, someId } from "./links.ts";
import {
  boolean,
  COMMON_SORT,
  CREATED_AT,
  defineObject,
  integer,
  plainFields,
  SORT_NAME,
  SORT_UPDATED,
  text,
  UPDATED_AT,
} from "../account/model.ts";
import type { ModelColumn, ObjectModel } from "../account/model.ts";
import { someText, uniqueName } from "../account/text.ts";

const NOT_MOBILE = ["full", "simple", "bulk"] as const;
const TIMES: readonly ModelColumn[] = [CREATED_AT, UPDATED_AT];
const CAMPAIGN_SALT = hashText("Campaign cost");
const FORM_SALT = hashText("Form");
const LIST_SALT = hashText("List");
const TAG_SALT = hashText("Tag");

/** v4 responses contain no timestamps, although queries can filter and sort by both. */
export const CAMPAIGN: ObjectModel = defineObject({
  name: "Campaign",
  columns: [
    integer("id"),
    text("name"),
    { name: "cost", kind: "number" },
    ...TIMES.map((column) => ({ ...column, apiOnly: true, neverShown: true })),
  ],
  body: plainFields(["id", "name", "cost"]),
  make: (row, world) => {
    const hash = mix(mix(mix(world.seed, CAMPAIGN_SALT), row.index), row.revision);
    const cost = hash % 3 === 0 ? null : (mix(hash, 1) % 1_000_000) / 100;
    return [row.id, campaignName(row.id, world), cost, row.created, row.updated];
  },
  filters: [{ name: "name", kind: "text", column: "name" }],
  sortKeys: [...COMMON_SORT, SORT_NAME, SORT_UPDATED, { name: "cost", column: "cost", order: "descending" }],
  mobileUnlimited: true,
  unknownIdCode: 38,
});

const [FORM_CAMPAIGN, FORM_CAMPAIGN_ID] = campaignField(2);

/** The API sends `embedCode`, although the vendor's table has embed_code. */
export const FORM: ObjectModel = defineObject({
  name: "Form",
  columns: [integer("id"), text("name"), integer("campaign_id"), text("campaign_name"), text("embed_code"), ...TIMES],
  body: [
    ...plainFields(["id", "name"]),
    FORM_CAMPAIGN,
    FORM_CAMPAIGN_ID,
    { name: "embedCode", column: "embed_code" },
    { name: "created_at", outputs: NOT_MOBILE },
    { name: "updated_at", outputs: NOT_MOBILE },
  ],
  make: (row, world) => {
    const hash = mix(mix(world.seed, FORM_SALT), row.index);
    const campaign = someId("Campaign", mix(hash, 1), world);
    const name = uniqueName(row.index, hash);
    return [
      row.id,
      row.revision === 0 ? name : `${name} r${row.revision}`,
      campaign,
      campaign === null ? null : campaignName(campaign, world),
      `<iframe src="http://go.acme.test/l/7/${row.id}?a=1&b=2" width="100%" style="border: 0">${someText(mix(hash, 2))}</iframe>`,
      row.created,
      row.updated,
    ];
  },
  sortKeys: [...COMMON_SORT, SORT_UPDATED],
  mobileUnlimited: true,
});

const LIST_COLUMNS: readonly ModelColumn[] = [
  integer("id"),
  text("name"),
  boolean("is_public"),
  boolean("is_dynamic"),
  text("title"),
  text("description"),
  boolean("is_crm_visible"),
  ...TIMES,
];

export const LIST: ObjectModel = defineObject({
  name: "List",
  columns: LIST_COLUMNS,
  body: plainFields(LIST_COLUMNS.map(({ name }) => name)),
  make: (row, world) => {
    const hash = mix(mix(world.seed, LIST_SALT), row.index);
    const changed = mix(hash, row.revision);
    return [
      row.id,
      uniqueName(row.index, hash),
      mix(hash, 1) % 2 === 0,
      mix(hash, 2) % 4 === 0,
      mix(changed, 3) % 3 === 0 ? null : someText(mix(changed, 4)),
      mix(changed, 5) % 3 === 0 ? null : pick([someText(mix(changed, 6)), "two\r\nlines & more"], mix(changed, 7)),
      mix(changed, 8) % 2 === 0,
      row.created,
      row.updated,
    ];
  },
  filters: [{ name: "name", kind: "text", column: "name" }],
  sortKeys: [...COMMON_SORT, SORT_NAME, SORT_UPDATED],
  mobileUnlimited: true,
  unknownIdCode: 55,
});

export const TAG: ObjectModel = defineObject({
  name: "Tag",
  columns: [integer("id"), text("name"), ...TIMES],
  body: [
    ...plainFields(["id", "name"]),
    { name: "created_at", outputs: NOT_MOBILE },
    { name: "updated_at", outputs: NOT_MOBILE },
  ],
  make: (row, world) => {
    const name = uniqueName(row.index, mix(mix(world.seed, TAG_SALT), row.index));
    return [row.id, row.revision === 0 ? name : `${name} r${row.revision}`, row.created, row.updated];
  },
  filters: [{ name: "name", kind: "text", column: "name" }],
  sortKeys: [...COMMON_SORT, SORT_NAME, SORT_UPDATED],
  mobileUnlimited: true,
});
