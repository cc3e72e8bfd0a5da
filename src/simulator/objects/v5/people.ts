/** People and what they do, as API v5 shows them (vendor docs, one page per object: guide/<object>-v5.html). */
import { define } from "./notation.ts";
import type { V5Object } from "./notation.ts";

export const PEOPLE: readonly V5Object[] = [
  define("Prospect", "prospects", {
    fields: `
      id email optedOut isDeleted isDoNotCall isDoNotEmail isEmailHardBounced isReviewed isStarred doNotSell
      prospectAccountId campaignId profileId lifecycleStageId userId lastActivityAt recentInteraction firstName
      lastName salutation jobTitle emailBouncedAt emailBouncedReason source sourceParameter campaignParameter
      mediumParameter contentParameter termParameter firstActivityAt firstAssignedAt firstReferrerQuery
      firstReferrerType firstReferrerUrl salesforceId salesforceContactId salesforceLeadId salesforceAccountId
      salesforceCampaignId salesforceOwnerId salesforceUrl salesforceLastSync:datetime assignedToId convertedAt
      convertedFromObjectName convertedFromObjectType grade phone fax addressOne addressTwo city state zip country
      company annualRevenue website industry department yearsInBusiness employees score:int territory comments
      notes createdAt updatedAt createdById updatedById password`,
    relations: "campaign prospectAccount assignedTo createdBy updatedBy",
    filters: "email salesforceId userId id* createdAt* updatedAt* lastActivityAt*",
    weak: "assignedToId",
    orders: "id lastActivityAt createdAt updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("ProspectAccount", "prospect-accounts", {
    fields: `
      id name salesforceId isDeleted annualRevenue billingAddressOne billingAddressTwo billingCity billingCountry
      billingState billingZip description employees fax industry number ownership phone rating shippingAddressOne
      shippingAddressTwo shippingCity shippingCountry shippingState shippingZip sic site tickerSymbol type website
      createdAt updatedAt createdById updatedById assignedToId`,
    relations: "assignedTo createdBy updatedBy",
    filters: "id*",
    orders: "id salesforceId",
    bin: true,
    exports: "created deleted",
  }),
  define("Visitor", "visitors", {
    fields: `
      id prospectId pageViewCount:int isIdentified doNotSell hostname ipAddress campaignId sourceParameter
      campaignParameter mediumParameter contentParameter termParameter createdAt updatedAt`,
    relations: "prospect campaign",
    filters: "prospectId isIdentified idList updatedAt*",
    weak: "createdAt* id#",
    orders: "id prospectId createdAt updatedAt",
    bin: true,
  }),
  define("Visit", "visits", {
    fields: `
      id visitorId prospectId visitorPageViewCount:int firstVisitorPageViewAt lastVisitorPageViewAt
      durationInSeconds:int sourceParameter campaignParameter mediumParameter contentParameter termParameter
      createdAt updatedAt`,
    relations: "visitor prospect",
    filters: "id* createdAt* updatedAt*",
    weak: "visitorId visitorId# prospectId prospectId#",
    orders: "id createdAt updatedAt",
  }),
  define("VisitorActivity", "visitor-activities", {
    fields: `
      id visitId prospectId visitorId emailId type:int typeName details campaignId customRedirectId
      emailTemplateId fileId formHandlerId formId landingPageId listEmailId multivariateTestVariationId
      opportunityId paidSearchAdId siteSearchQueryId visitorPageViewId createdAt updatedAt`,
    relations:
      "campaign customRedirect email emailTemplate file form formHandler landingPage listEmail opportunity prospect visit visitor visitorPageView",
    filters: "type prospectId visitorId id* createdAt* updatedAt*",
    weak: "prospectId# campaignId",
    orders: "id createdAt updatedAt",
  }),
  define("VisitorPageView", "visitor-page-views", {
    fields: "id url title visitorId campaignId visitId durationInSeconds:int salesforceId createdAt",
    relations: "campaign visit",
    filters: "createdAt*",
    weak: "id* visitorId visitorId# visitId visitId#",
    orders: "id createdAt",
  }),
  define("LifecycleHistory", "lifecycle-histories", {
    fields: "id prospectId previousStageId nextStageId secondsElapsed:int createdAt",
    relations: "prospect previousStage nextStage",
    filters: "createdAt*",
    weak: "id*",
    orders: "id createdAt",
    exports: "created",
  }),
  define("LifecycleStage", "lifecycle-stages", {
    fields: "id name isDeleted isLocked position:int matchType createdAt updatedAt",
    filters: "updatedAt*",
    weak: "createdAt* id*",
    orders: "id createdAt updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("Opportunity", "opportunities", {
    fields: `
      id closedAt name type stage status probability:int value:float campaignId salesforceId createdAt updatedAt
      createdById updatedById isDeleted`,
    relations: "campaign createdBy updatedBy",
    filters: "updatedAt*",
    weak: "createdAt* id*",
    orders: "updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("ExternalActivity", "/external-activities", {
    fields: "id extension type email value activityDate:datetime createdAt prospectId updatedAt",
    weak: "createdAt*",
  }),
];
