/**
 * All objects of the simulator. To add one of v3/v4, describe it in a file of this folder and list it here; one that only v5
 * has belongs in a file of `v5`.
 */
import { ACCOUNT } from "./account.ts";
import { EMAIL_CLICK, TAG_OBJECT } from "./append-only.ts";
import { CAMPAIGN, FORM, LIST, TAG } from "./assets.ts";
import { CUSTOM_FIELD } from "./custom-field.ts";
import { LIST_MEMBERSHIP } from "./list-membership.ts";
import { OPPORTUNITY } from "./opportunity.ts";
import { PROSPECT_ACCOUNT } from "./prospect-account.ts";
import { PROSPECT } from "./prospect.ts";
import { USER } from "./user.ts";
import { v5RowModels } from "./v5/objects-v5.ts";
import { VISIT } from "./visit.ts";
import { VISITOR } from "./visitor.ts";
import { VISITOR_ACTIVITY } from "./visitor-activity.ts";
import type { ObjectModel, RowModel } from "../account/model.ts";

/** The objects of v3/v4. */
export const OBJECTS: readonly ObjectModel[] = [
  ACCOUNT,
  CAMPAIGN,
  CUSTOM_FIELD,
  EMAIL_CLICK,
  FORM,
  LIST,
  LIST_MEMBERSHIP,
  OPPORTUNITY,
  PROSPECT,
  PROSPECT_ACCOUNT,
  TAG,
  TAG_OBJECT,
  USER,
  VISIT,
  VISITOR,
  VISITOR_ACTIVITY,
];

/** What the account has rows of. Emails and list emails come with the visitor activities, which are before them here. */
export const ROW_MODELS: readonly RowModel[] = [...OBJECTS, ...v5RowModels(new Set(OBJECTS.map(({ name }) => name)))];
