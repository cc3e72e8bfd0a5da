/** The account, its users and its jobs, as API v5 shows them (vendor docs, one page per object: guide/<object>-v5.html). */
import { define } from "./notation.ts";
import type { V5Object } from "./notation.ts";

export const ACCOUNT: readonly V5Object[] = [
  define("Account", "account", {
    fields: `
      id company level website pluginCampaignId addressOne addressTwo city state zip territory country phone fax
      adminId maximumDailyApiCalls:int apiCallsUsed:int createdAt updatedAt createdById updatedById`,
    relations: "admin pluginCampaign createdBy updatedBy",
  }),
  define("User", "users", {
    fields: `
      id email username isDeleted firstName jobTitle role roleName salesforceId tagReplacementLanguage createdAt
      updatedAt createdById updatedById lastName`,
    relations: "createdBy updatedBy",
    filters: "id* createdAt* updatedAt*",
    weak: "email",
    orders: "id createdAt updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("Import", "/imports", {
    fields: `
      id operation object status isExpired batchesRef createdAt updatedAt createdById updatedById createdCount:int
      updatedCount:int errorCount:int errorRef`,
    relations: "createdBy updatedBy",
    weak: "updatedAt* createdAt*",
  }),
  define("BulkAction", "/bulk-actions", {
    fields: `
      id object bulkAction status origin count:int percentComplete:int createdAt updatedAt createdById updatedById
      errorCount:int errorsRef fileName processedCount:int`,
    relations: "createdBy updatedBy",
    weak: "updatedAt* createdAt*",
  }),
];
