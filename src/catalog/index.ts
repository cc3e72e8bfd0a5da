import { account, campaign, form, list, tag, tagObject } from "./assets.ts";
import type { CatalogObject } from "./catalog.ts";
import { email, emailClick, emailStats } from "./email.ts";
import { listMembership, opportunity, prospect, prospectAccount, visitor, visitorActivity } from "./people.ts";

/**
 * Every object this version extracts, in plan order: exports first, because Pardot processes them one at a time while
 * the queries run; the objects read per list email last, because the activities name the list emails.
 */
export const catalog: readonly CatalogObject[] = [
  visitorActivity,
  prospect,
  listMembership,
  visitor,
  prospectAccount,
  campaign,
  form,
  tag,
  tagObject,
  opportunity,
  emailClick,
  list,
  account,
  email,
  emailStats,
];
