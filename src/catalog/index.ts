import { bulkAction, customField, exportLog, importLog, user } from "./account.ts";
import {
  account,
  campaign,
  customRedirect,
  dynamicContent,
  dynamicContentVariation,
  file,
  folder,
  folderContent,
  form,
  formField,
  formHandler,
  formHandlerField,
  landingPage,
  layoutTemplate,
  list,
  tag,
  taggedObject,
  tagObject,
  trackerDomain,
} from "./assets.ts";
import type { CatalogEntry, CatalogObject } from "./catalog.ts";
import {
  email,
  emailClick,
  emailStats,
  emailTemplate,
  engagementStudioProgram,
  listEmail,
  listEmailStats,
} from "./email.ts";
import {
  externalActivity,
  lifecycleHistory,
  lifecycleStage,
  listMembership,
  opportunity,
  prospect,
  prospectAccount,
  visit,
  visitor,
  visitorActivity,
  visitorPageView,
} from "./people.ts";
import { selectWays } from "./versions.ts";

/**
 * Every object, in plan order: exports first, because Pardot processes them one at a time while the queries run; parents
 * before their children; the objects read per list email last, because the activities name the list emails.
 */
export const entries: readonly CatalogEntry[] = [
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
  visitorPageView,
  visit,
  lifecycleHistory,
  lifecycleStage,
  externalActivity,
  taggedObject,
  listEmail,
  emailTemplate,
  engagementStudioProgram,
  customField,
  user,
  folder,
  folderContent,
  file,
  customRedirect,
  dynamicContent,
  dynamicContentVariation,
  formField,
  formHandler,
  formHandlerField,
  landingPage,
  layoutTemplate,
  trackerDomain,
  importLog,
  bulkAction,
  exportLog,
  email,
  emailStats,
  listEmailStats,
];

/** The objects as PARDOT_API_VERSION=auto reads them. */
export const catalog: readonly CatalogObject[] = selectWays(entries, "auto");
