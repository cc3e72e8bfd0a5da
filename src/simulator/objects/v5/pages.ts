/** Forms and landing pages, as API v5 shows them (vendor docs, one page per object: guide/<object>-v5.html). */
import { define } from "./notation.ts";
import type { V5Object } from "./notation.ts";

export const PAGES: readonly V5Object[] = [
  define("Form", "forms", {
    fields: `
      id name campaignId layoutTemplateId folderId trackerDomainId salesforceId isDeleted isUseRedirectLocation
      isAlwaysDisplay isCookieless isCaptchaEnabled showNotProspect:bool embedCode submitButtonText
      beforeFormContent afterFormContent thankYouContent thankYouCode redirectLocation fontSize fontFamily
      fontColor labelAlignment radioAlignment checkboxAlignment requiredCharacter createdById updatedById
      createdAt updatedAt salesforceCmsId url`,
    relations: "campaign layoutTemplate folder trackerDomain createdBy updatedBy",
    filters: "name id*",
    orders: "id",
    bin: true,
  }),
  define("FormField", "form-fields", {
    fields: `
      id formId prospectApiFieldId type dataFormat sortOrder:int hasDependents hasProgressives hasValues label
      errorMessage cssClasses isRequired isAlwaysDisplay isMaintainInitialValue isDoNotPrefill createdById
      updatedById createdAt updatedAt description`,
    relations: "form createdBy updatedBy",
    filters: "updatedAt*",
    weak: "createdAt* id* formId",
    orders: "updatedAt",
  }),
  define("FormHandler", "form-handlers", {
    fields: `
      id name folderId campaignId trackerDomainId isDataForwarded successLocation errorLocation isAlwaysEmail
      isCookieless salesforceId embedCode createdAt createdById isDeleted updatedById updatedAt`,
    relations: "campaign folder trackerDomain createdBy updatedBy",
    filters: "name id* createdAt*",
    orders: "id createdAt",
    bin: true,
  }),
  define("FormHandlerField", "form-handler-fields", {
    fields: `
      id name formHandlerId dataFormat prospectApiFieldId isMaintainInitialValue errorMessage isRequired createdAt
      createdById`,
    relations: "formHandler createdBy",
    filters: "formHandlerId createdAt*",
    weak: "id*",
    orders: "id",
  }),
  define("LandingPage", "landing-pages", {
    fields: `
      id name campaignId salesforceId isDeleted layoutType layoutTableBorder:int isUseRedirectLocation
      bitlyIsPersonalized:bool bitlyShortUrl url vanityUrl folderId formId layoutTemplateId title description
      isDoNotIndex vanityUrlPath redirectLocation trackerDomainId archiveDate:date createdAt updatedAt createdById
      updatedById salesforceCmsId layoutCss layoutCssGenerated content^ scriptFragment^`,
    relations: "campaign folder form layoutTemplate trackerDomain createdBy updatedBy",
    filters: "name id* createdAt* updatedAt*",
    orders: "id updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
];
