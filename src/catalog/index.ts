import type { CatalogObject } from "./catalog.ts";
import { account } from "./objects/account.ts";
import { campaign } from "./objects/campaign.ts";
import { emailClick } from "./objects/email-click.ts";
import { emailStats } from "./objects/email-stats.ts";
import { email } from "./objects/email.ts";
import { form } from "./objects/form.ts";
import { listMembership } from "./objects/list-membership.ts";
import { list } from "./objects/list.ts";
import { opportunity } from "./objects/opportunity.ts";
import { prospectAccount } from "./objects/prospect-account.ts";
import { prospect } from "./objects/prospect.ts";
import { tagObject } from "./objects/tag-object.ts";
import { tag } from "./objects/tag.ts";
import { visitorActivity } from "./objects/visitor-activity.ts";
import { visitor } from "./objects/visitor.ts";

/**
 * Every object this version extracts, in plan order: the exports first, because Pardot works them off one after another
 * while the queries go on beside them; what is read by list e-mail last, because the activities name it.
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
