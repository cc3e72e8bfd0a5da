/** Responses to v5 reads by id, and to the statistics of a list email (vendor docs, v5 overview; several clients). */
import { ApiError } from "../api-error.ts";
import { idOf } from "../parameters.ts";
import type { Parameters } from "../parameters.ts";
import type { Account } from "../../account/account.ts";
import { listEmailSentAt } from "../../account/email-sends.ts";
import type { RowKey } from "../../account/model.ts";
import { isHidden } from "../../account/oddities.ts";
import { listEmailStats } from "../../objects/email.ts";
import type { V5Object } from "../../objects/v5/notation.ts";
import { readFields } from "./fields.ts";
import { deletedOf } from "./filters.ts";
import { WARNINGS } from "./query.ts";
import type { V5Context } from "./query.ts";
import { recordMaker } from "./record.ts";
import type { JsonObject } from "./record.ts";

export interface V5Record {
  readonly body: JsonObject;
  /** Seconds since 1970; null if the object has no time of a change. */
  readonly modified: number | null;
}

/** A record alone. A null id means the only record. Throws ApiError. */
export function readRecord(object: V5Object, id: string | null, parameters: Parameters, context: V5Context): V5Record {
  const { account } = context;
  const { knobs } = account.world;
  const picks = readFields(parameters.get("fields"), object, { account, knobs, operation: "read" });
  const row = rowOf(object, id, deletedOf(parameters.get("deleted"), object, account), context);
  const body = recordMaker(object, picks, { ...context, operation: "read" })(row);
  return { body, modified: object.fields.has("updatedAt") ? row.updated : null };
}

/** In the recycle bin: 404 with a warning, unless `deleted` includes it (v5 overview; text of code 192). */
function rowOf(
  object: V5Object,
  id: string | null,
  deleted: "live" | "deleted" | "all",
  { account, asOf }: Pick<V5Context, "account" | "asOf">,
): RowKey {
  const { knobs } = account.world;
  const table = account.table(object.name);
  const index = id === null ? 0 : table.ids.indexOf(idOf(id));
  const isThere = index >= 0 && index < table.count && !isHidden(table.model, index, knobs);
  const row = isThere ? table.keyAsOf(index, asOf) : null;
  const unknown = (warning: string | null): ApiError => new ApiError(knobs.unknownIdCode, "", warning);
  if (row === null) throw unknown(null);
  if (row.isDeleted && deleted === "live") throw unknown(object.bin ? WARNINGS.recycled : null);
  if (!row.isDeleted && deleted === "deleted") throw unknown(null);
  return row;
}

/** `list-emails/<id>/stats`: no `fields` (documented URL, three clients), with the id of the list email. */
export function readStats(object: V5Object, id: string, context: V5Context): JsonObject {
  return statsRecord(rowOf(object, id, "live", context), context.account);
}

/** All counts are 0 before the list email is sent. */
export function statsRecord({ id, index }: RowKey, { world }: Account): JsonObject {
  const isSent = listEmailSentAt(index, world) !== null;
  const record: JsonObject = { listEmailId: id };
  for (const [name, value] of Object.entries(listEmailStats(index, world))) {
    const field = name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const percent = Number.parseFloat(isSent ? String(value) : "0");
    if (typeof value === "number") record[field] = percent;
    else record[field] = rateOf(percent, world.knobs.v5StatsRates);
  }
  return record;
}

function rateOf(percent: number, form: "percent" | "fraction" | "text"): number | string {
  if (form === "percent") return percent;
  return form === "text" ? `${percent.toFixed(2)}%` : Number((percent / 100).toFixed(4));
}
