/** Every object the simulator knows, in one list. A new one is a file of data beside these and a line here. */
import { CUSTOM_FIELD } from "./custom-fields.ts";
import { ACCOUNT } from "./object-account.ts";
import { EMAIL_CLICK, TAG_OBJECT } from "./object-append-only.ts";
import { LIST_MEMBERSHIP } from "./object-list-membership.ts";
import { OPPORTUNITY } from "./object-opportunity.ts";
import { PROSPECT_ACCOUNT } from "./object-prospect-account.ts";
import { PROSPECT } from "./object-prospect.ts";
import { CAMPAIGN, FORM, LIST } from "./object-segmented.ts";
import { TAG } from "./object-tag.ts";
import { VISITOR } from "./object-visitor.ts";
import { VISITOR_ACTIVITY } from "./object-visitor-activity.ts";
import type { ObjectModel } from "./model.ts";

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
