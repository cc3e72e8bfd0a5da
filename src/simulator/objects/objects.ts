/** All objects of the simulator. To add one, describe it in a file of this folder and list it here. */
import { ACCOUNT } from "./account.ts";
import { EMAIL_CLICK, TAG_OBJECT } from "./append-only.ts";
import { CAMPAIGN, FORM, LIST, TAG } from "./assets.ts";
import { CUSTOM_FIELD } from "./custom-field.ts";
import { LIST_MEMBERSHIP } from "./list-membership.ts";
import { OPPORTUNITY } from "./opportunity.ts";
import { PROSPECT_ACCOUNT } from "./prospect-account.ts";
import { PROSPECT } from "./prospect.ts";
import { VISITOR } from "./visitor.ts";
import { VISITOR_ACTIVITY } from "./visitor-activity.ts";
import type { ObjectModel } from "../account/model.ts";

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
  VISITOR,
  VISITOR_ACTIVITY,
];
