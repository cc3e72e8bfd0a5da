/**
 * Values of the fields that only API v5 shows. Without an entry in `own-values.ts` or `ENUMS`, a field's name and type decide:
 * ids point to existing records, texts are null, empty, plain or nasty.
 */
import { hashText, mix, pick } from "../../account/random.ts";
import type { RowKey, Value, World } from "../../account/model.ts";
import { SIZES } from "../../account/scale.ts";
import { longText, NASTY, plainText, someText, uniqueName } from "../../account/text.ts";
import { someId } from "../links.ts";
import { targetOf } from "./notation.ts";
import type { V5Field, V5Object } from "./notation.ts";
import { OWN_VALUES } from "./own-values.ts";

/** Documented lists of values (vendor docs, field tables; clickable values of the JSON catalog). */
const ENUMS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  "BulkAction.status": ["Ready", "Paused", "Cancelled", "Complete"],
  "CustomField.type": ["Text", "Number", "Date"],
  "DynamicContent.basedOn": ["default", "custom", "grade", "score"],
  "DynamicContentVariation.operator": ["is", "contains", "between", "less-than", "greater-than-or-equal"],
  "EngagementStudioProgram.status": ["draft", "running", "paused", "starting", "scheduled"],
  "FormField.type": ["Text", "Dropdown", "Checkbox", "Hidden"],
  "FormField.dataFormat": ["text", "number", "email"],
  "FormHandlerField.dataFormat": [
    "text",
    "number",
    "email",
    "email not from isps and free email providers",
    "email with valid mail server",
  ],
  "Import.operation": ["Upsert", "Update"],
  "Import.status": ["Open", "Ready", "Processing", "Complete"],
  "LandingPage.layoutType": ["Layout Template", "Landing Page Builder", "Legacy Page Builder", "Salesforce Builder"],
  "LifecycleStage.matchType": ["all", "any"],
  clientType: ["Builder", "Web"],
  object: ["Prospect"],
  tagReplacementLanguage: ["pml", "hml", "undetermined"],
  "Email.type": ["html", "text", "htmlAndText"],
  "EmailTemplate.type": ["html", "text", "htmlAndText"],
  "ListEmail.type": ["html", "text", "htmlAndText"],
};

/** Long markup, which makes responses heavy. */
const HEAVY = new Set([
  "htmlMessage", "textMessage", "layoutContent", "siteSearchContent", "formContent", "beforeFormContent", "afterFormContent",
  "thankYouContent", "thankYouCode", "baseContent", "content", "scriptFragment", "layoutCss", "layoutCssGenerated",
  "trackingCode",
]); // prettier-ignore

/** Fields that a change of the record leaves as they are: other records show them, or they are links. */
const isFixed = (name: string): boolean => name.endsWith("Id") || name === "name" || name === "email";

const SALTS = new Map<string, number>();

function saltOf(text: string): number {
  const salt = SALTS.get(text) ?? hashText(text);
  SALTS.set(text, salt);
  return salt;
}

/** The value of a field, before any quirk of the API. */
export function valueOf(object: V5Object, field: V5Field, row: RowKey, world: World): Value {
  const base = mix(mix(world.seed, saltOf(`${object.name}.${field.name}`)), row.index);
  const hash = isFixed(field.name) ? base : mix(base, row.revision);
  const own = OWN_VALUES[`${object.name}.${field.name}`] ?? OWN_VALUES[field.name];
  return own === undefined ? byName(object, field, row, hash, world) : own({ row, hash, world });
}

function byName({ name: object }: V5Object, { name, type }: V5Field, row: RowKey, hash: number, world: World): Value {
  const values = ENUMS[`${object}.${name}`] ?? ENUMS[name];
  if (values !== undefined) return pick(values, hash);
  switch (type) {
    case "integer":
      return name.endsWith("Id") ? linkedId(object, name, row, hash, world) : hash % 1_000;
    case "number":
      return hash % 4 === 0 ? null : (mix(hash, 1) % 1_000_000) / 100;
    case "boolean":
      return hash % 15 === 0 ? null : mix(hash, 1) % 3 === 0;
    case "datetime":
      return hash % 4 === 0 ? null : (row.updated ?? row.created) - (mix(hash, 1) % 86_400);
    default:
      return textOf(name, row, hash);
  }
}

/** A record cannot be without these. */
const PARENTS = new Set([
  "DynamicContentVariation.dynamicContentId",
  "FolderContent.folderId",
  "FormField.formId",
  "FormHandlerField.formHandlerId",
  "LifecycleHistory.nextStageId",
  "LifecycleHistory.prospectId",
]);

/** Records point only to older ones of the same object, to avoid circles. */
function linkedId(object: string, name: string, row: RowKey, hash: number, world: World): number | null {
  if (hash % 6 === 0 && !PARENTS.has(`${object}.${name}`)) return null;
  const target = targetOf(name);
  if (target === object) return row.index === 0 ? null : world.idOf(object, mix(hash, 1) % row.index);
  return SIZES[target] === undefined ? 1 + (mix(hash, 1) % 900) : someId(target, mix(hash, 1), world);
}

function textOf(name: string, row: RowKey, hash: number): string | null {
  if (name === "name") return uniqueName(row.index, hash);
  if (hash % 5 === 0) return null;
  if (hash % 31 === 1) return "";
  if (HEAVY.has(name)) return markup(mix(hash, 1));
  if (/url$|Ref$|Location$/i.test(name)) return `https://go.acme.test/l/7/${row.id}?a=${hash % 9}&b="2"`;
  if (/^salesforce\w*Id$/.test(name)) return `00Q${String(mix(hash, 2)).padStart(12, "0")}`;
  return name === "description" ? longText(mix(hash, 3)) : someText(mix(hash, 4));
}

/** Up to some forty thousand characters. */
export function markup(hash: number): string {
  const piece = `<p class="x">${plainText(hash)} &amp; ${pick(NASTY, mix(hash, 1))}</p>\r\n<!-- \u{1F600} ]]> -->\n`;
  return piece.repeat(1 + (hash % 40 === 0 ? 400 : mix(hash, 2) % 20));
}
