/** Campaigns, content and tags, as API v5 shows them (vendor docs, one page per object: guide/<object>-v5.html). */
import { define } from "./notation.ts";
import type { V5Object } from "./notation.ts";

export const ASSETS: readonly V5Object[] = [
  define("Campaign", "campaigns", {
    fields: `
      id name isDeleted folderId cost:float parentCampaignId createdById updatedById createdAt updatedAt
      salesforceId`,
    relations: "folder parentCampaign createdBy updatedBy",
    filters: "name id* createdAt* updatedAt*",
    orders: "id createdAt updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("CustomField", "custom-fields", {
    fields: `
      id name fieldId type salesforceId isRequired isRecordMultipleResponses isUseValues isAnalyticsSynced
      createdAt updatedAt createdById updatedById apiFieldId valuesPrefill~`,
    relations: "createdBy updatedBy",
    filters: "name id* createdAt* updatedAt*",
    orders: "id createdAt updatedAt",
  }),
  define("CustomRedirect", "custom-redirects", {
    fields: `
      id name url destinationUrl vanityUrl campaignId salesforceId isDeleted folderId trackerDomainId
      vanityUrlPath trackedUrl bitlyIsPersonalized:bool bitlyShortUrl gaSource gaMedium gaTerm gaContent
      gaCampaign createdAt updatedAt createdById updatedById`,
    relations: "campaign folder trackerDomain createdBy updatedBy",
    filters: "id*",
    orders: "id",
    bin: true,
  }),
  define("DynamicContent", "dynamic-contents", {
    fields: `
      id name basedOnProspectApiFieldId embedCode embedUrl basedOn tagReplacementLanguage folderId trackerDomainId
      createdAt updatedAt isDeleted createdById updatedById baseContent campaignId`,
    relations: "folder trackerDomain campaign createdBy updatedBy",
    filters: "updatedAt*",
    weak: "createdAt* id*",
    orders: "updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("DynamicContentVariation", "dynamic-content-variations", {
    fields: "id dynamicContentId comparison operator value1 value2 content",
    relations: "dynamicContent",
    filters: "dynamicContentId",
    weak: "id*",
    orders: "id",
  }),
  define("File", "files", {
    fields: `
      id name folderId campaignId salesforceId trackerDomainId vanityUrl vanityUrlPath url size:int isTracked
      bitlyIsPersonalized:bool bitlyShortUrl createdAt updatedAt createdById updatedById salesforceCmsId`,
    relations: "folder campaign trackerDomain createdBy updatedBy",
    weak: "id*",
    orders: "id",
  }),
  define("Folder", "folders", {
    fields: "id name parentFolderId path usePermissions:bool createdAt updatedAt createdById updatedById",
    relations: "parentFolder createdBy updatedBy",
    filters: "id* parentFolderId parentFolderId# parentFolderIdIsNull parentFolderIdIsNotNull",
    orders: "id",
  }),
  define("FolderContent", "folder-contents", {
    fields: `
      id folderId folderRef objectType objectId objectName objectRef createdAt updatedAt createdById updatedById`,
    relations: "folder createdBy updatedBy",
    filters: "updatedAt*",
    weak: "id* folderId",
    orders: "updatedAt",
  }),
  define("Tag", "tags", {
    fields: "id name objectCount:int createdById updatedById createdAt updatedAt",
    relations: "createdBy updatedBy",
    filters: "name id* createdAt* updatedAt*",
    orders: "id createdAt updatedAt",
  }),
  define("TagObject", "tagged-objects", {
    fields: "id tagId objectType objectId objectName createdAt createdById",
    relations: "tag createdBy",
    weak: "createdAt* id* tagId",
  }),
  define("TrackerDomain", "tracker-domains", {
    fields: `
      id domain isPrimary isDeleted defaultCampaignId httpsStatus sslStatus sslStatusDetails sslRequestedById
      validationStatus validatedAt vanityUrlStatus trackingCode createdAt updatedAt createdById updatedById`,
    relations: "defaultCampaign sslRequestedBy createdBy updatedBy",
    filters: "id*",
    orders: "id",
    bin: true,
  }),
  define("LayoutTemplate", "layout-templates", {
    fields: `
      id name layoutContent siteSearchContent formContent folderId isDeleted isIncludeDefaultCss createdAt
      updatedAt createdById updatedById`,
    relations: "folder createdBy updatedBy",
    filters: "id*",
    orders: "id",
    bin: true,
  }),
];
