/** Where the entries of API v5 depart from what is known, and why: `src/catalog/vendor-v5.test.ts` compares. */

/** v4's tables have these columns, and PARDOT_API_VERSION=5 fills the same ones. */
const V4_COLUMNS = "The columns are those of v4's table.";
const NO_BIN = "v4's table has no column for it, and holds no deleted records.";
const LIVE =
  "Sent by a client that runs against real accounts (Airbyte); the part of the page that was read does not list it.";
const WEAK_ID =
  "The order by id is known; idGreaterThan is the vendor's rule for every object, and the page does not list it. Where it is refused or ignored, page tokens replace it.";
const SPLIT =
  "Sent only when there are more records than one sequence of page tokens returns, or as the watermark; records outside are left out here.";
const CMS = "Only with the parts of Salesforce that this business unit has; refused at the worst, and then null.";
const NO_STREAM = "Airbyte does not read it.";

type Row = readonly [object: string, difference: string, why: string];

/** From the vendor's catalog (test/fixtures/v5/vendor.json). `live` and `weak`: who vouches for it, if not the page. */
export const FROM_VENDOR: readonly Row[] = [
  [
    "Prospect",
    "lacks isDeleted isEmailHardBounced doNotSell profileId lifecycleStageId userId emailBouncedAt emailBouncedReason sourceParameter campaignParameter mediumParameter contentParameter termParameter firstActivityAt firstAssignedAt firstReferrerQuery firstReferrerType firstReferrerUrl salesforceCampaignId assignedToId convertedAt convertedFromObjectName convertedFromObjectType grade notes createdById updatedById password",
    V4_COLUMNS,
  ],
  ["Prospect", "deleted false: true", NO_BIN],
  ["ListMembership", "lacks createdById updatedById isDeleted", V4_COLUMNS],
  ["ListMembership", "deleted false: true", NO_BIN],
  ["Visitor", "lacks isIdentified doNotSell campaignId", V4_COLUMNS],
  ["Visitor", "filter updatedAt: live", LIVE],
  ["Visitor", "filter id: weak", WEAK_ID],
  ["Visitor", "deleted false: true", NO_BIN],
  ["ProspectAccount", "lacks salesforceId isDeleted createdById updatedById assignedToId", V4_COLUMNS],
  ["ProspectAccount", "deleted false: true", NO_BIN],
  [
    "Campaign",
    "lacks isDeleted folderId parentCampaignId createdById updatedById createdAt updatedAt salesforceId",
    V4_COLUMNS,
  ],
  ["Campaign", "deleted false: true", NO_BIN],
  [
    "Form",
    "lacks layoutTemplateId folderId trackerDomainId salesforceId isDeleted isUseRedirectLocation isAlwaysDisplay isCookieless isCaptchaEnabled showNotProspect submitButtonText beforeFormContent afterFormContent thankYouContent thankYouCode redirectLocation fontSize fontFamily fontColor labelAlignment radioAlignment checkboxAlignment requiredCharacter createdById updatedById salesforceCmsId url",
    V4_COLUMNS,
  ],
  ["Form", "adds campaign.name", "v4 has the name of the campaign, and v5 reaches it through the relation."],
  ["Form", "deleted false: true", NO_BIN],
  ["Tag", "lacks objectCount createdById updatedById", V4_COLUMNS],
  ["TagObject", "lacks objectName createdById", V4_COLUMNS],
  [
    "TagObject",
    "filter createdAt: weak",
    "The date of the watermark in v4: what the filter lets through is filtered again.",
  ],
  ["Opportunity", "lacks salesforceId createdById updatedById isDeleted", V4_COLUMNS],
  ["Opportunity", "adds campaign.name", "v4 has the name of the campaign, and v5 reaches it through the relation."],
  ["Opportunity", "order updatedAt: live", LIVE],
  [
    "Opportunity",
    "filter createdAt: weak",
    "Of the shared defaults; the watermark is updated_at, so it is never sent.",
  ],
  ["Opportunity", "filter updatedAt: live", LIVE],
  ["Opportunity", "deleted false: null", "Not known, and v4 returns no deleted ones."],
  ["List", "lacks folderId campaignId isDeleted createdById updatedById", V4_COLUMNS],
  ["List", "deleted false: true", NO_BIN],
  ["Account", "lacks adminId maximumDailyApiCalls apiCallsUsed createdById updatedById", V4_COLUMNS],
  ["VisitorPageView", "filter createdAt: live", LIVE],
  ["VisitorPageView", "filter id: weak", WEAK_ID],
  ["LifecycleHistory", "filter createdAt: live", LIVE],
  ["LifecycleHistory", "filter id: weak", WEAK_ID],
  ["LifecycleStage", "filter updatedAt: live", LIVE],
  ["LifecycleStage", "filter id: weak", WEAK_ID],
  ["ExternalActivity", "filter createdAt: weak", SPLIT],
  ["TaggedObject", "filter createdAt: weak", SPLIT],
  ["ListEmail", "order updatedAt: live", LIVE],
  ["ListEmail", "filter updatedAt: live", LIVE],
  ["EmailTemplate", "filter createdAt: weak", SPLIT],
  ["EngagementStudioProgram", "order updatedAt: live", LIVE],
  ["EngagementStudioProgram", "filter updatedAt: live", LIVE],
  ["FolderContent", "order updatedAt: live", LIVE],
  ["FolderContent", "filter updatedAt: live", LIVE],
  ["File", "filter id: weak", WEAK_ID],
  ["DynamicContent", "order updatedAt: live", LIVE],
  ["DynamicContent", "filter updatedAt: live", LIVE],
  ["DynamicContentVariation", "order id: live", LIVE],
  ["DynamicContentVariation", "filter id: weak", WEAK_ID],
  ["FormField", "order updatedAt: live", LIVE],
  ["FormField", "filter updatedAt: live", LIVE],
  ["FormHandlerField", "filter id: weak", WEAK_ID],
  ["Import", "filter createdAt: weak", SPLIT],
  ["BulkAction", "filter createdAt: weak", SPLIT],
  ["Export", "filter createdAt: weak", SPLIT],
  [
    "Email",
    "lacks type sentAt clientType isOperational campaignId prospectId folderId listId emailTemplateId trackerDomainId senderOptions replyToOptions createdById salesforceCmsId",
    V4_COLUMNS,
  ],
  ["Email", "adds textMessage htmlMessage", "Only a read of one email returns its texts, and each is read for itself."],
  [
    "EmailStats",
    "types deliveryRate:string opensRate:string clickThroughRate:string uniqueClickThroughRate:string clickOpenRatio:string optOutRate:string spamComplaintRate:string",
    "v4 writes rates as text, and its column stays.",
  ],
];

/** Fields that Airbyte requests (test/fixtures/v5/airbyte.json) and we do not, and the other way round. */
export const FROM_AIRBYTE: readonly Row[] = [
  [
    "Prospect",
    "only there isDeleted isEmailHardBounced doNotSell profileId lifecycleStageId userId emailBouncedAt emailBouncedReason sourceParameter campaignParameter mediumParameter contentParameter termParameter firstActivityAt firstAssignedAt firstReferrerQuery firstReferrerType firstReferrerUrl salesforceCampaignId assignedToId convertedAt convertedFromObjectName convertedFromObjectType grade notes createdById updatedById",
    V4_COLUMNS,
  ],
  ["ListMembership", "only there createdById updatedById", V4_COLUMNS],
  ["Visitor", "only there isIdentified doNotSell campaignId", V4_COLUMNS],
  ["ProspectAccount", "only there salesforceId isDeleted createdById updatedById assignedToId", V4_COLUMNS],
  [
    "Campaign",
    "only there isDeleted folderId parentCampaignId createdById updatedById createdAt updatedAt salesforceId",
    V4_COLUMNS,
  ],
  [
    "Form",
    "only there layoutTemplateId folderId trackerDomainId salesforceId isDeleted isUseRedirectLocation isAlwaysDisplay isCookieless isCaptchaEnabled showNotProspect submitButtonText beforeFormContent afterFormContent thankYouContent thankYouCode redirectLocation fontSize fontFamily fontColor labelAlignment radioAlignment checkboxAlignment requiredCharacter createdById updatedById",
    V4_COLUMNS,
  ],
  ["Form", "only here campaign.name", "v4 has the name of the campaign, and v5 reaches it through the relation."],
  ["Tag", "only there objectCount createdById updatedById", V4_COLUMNS],
  ["TagObject", "no stream", NO_STREAM],
  ["Opportunity", "only there salesforceId createdById updatedById", V4_COLUMNS],
  [
    "Opportunity",
    "only here campaign.name",
    "v4 has the name of the campaign, and v5 reaches it through the relation.",
  ],
  ["List", "only there folderId campaignId isDeleted createdById updatedById", V4_COLUMNS],
  ["Account", "only there adminId maximumDailyApiCalls apiCallsUsed createdById updatedById", V4_COLUMNS],
  ["ExternalActivity", "no stream", NO_STREAM],
  ["TaggedObject", "no stream", NO_STREAM],
  ["ListEmail", "only here type", "From lists of other connectors; refused at the worst, and then null."],
  ["EmailTemplate", "no stream", NO_STREAM],
  [
    "EngagementStudioProgram",
    "only here name folderId",
    "Both are on the page; the client has a description without a name.",
  ],
  ["CustomField", "only here apiFieldId", "On the page; a newer field or the same as fieldId."],
  ["User", "only here lastName", "Users have last names in v4; refused at the worst, and then null."],
  ["File", "only here salesforceCmsId", CMS],
  ["CustomRedirect", "only there trackerDomain.domain", "The domain is in TrackerDomain, by tracker_domain_id."],
  [
    "DynamicContent",
    "only here baseContent campaignId",
    "Both are known from the page; baseContent is large, campaignId is a guess from the relation.",
  ],
  ["FormField", "only here description", "A newer field of the page."],
  ["FormHandler", "only here updatedAt", "From one other client; refused at the worst, and then null."],
  ["LandingPage", "only here salesforceCmsId layoutCss layoutCssGenerated", CMS],
  ["Import", "no stream", NO_STREAM],
  ["BulkAction", "no stream", NO_STREAM],
  ["Export", "no stream", NO_STREAM],
  [
    "Email",
    "only there type sentAt clientType isOperational campaignId prospectId folderId listId emailTemplateId trackerDomainId senderOptions.type senderOptions.address senderOptions.name senderOptions.userId senderOptions.prospectCustomFieldId senderOptions.accountCustomFieldId replyToOptions.type replyToOptions.address replyToOptions.userId replyToOptions.prospectCustomFieldId replyToOptions.accountCustomFieldId createdById",
    V4_COLUMNS,
  ],
  [
    "Email",
    "only here textMessage htmlMessage",
    "Only a read of one email returns its texts, and each is read for itself.",
  ],
  ["EmailStats", "no stream", NO_STREAM],
  ["ListEmailStats", "no stream", NO_STREAM],
];
