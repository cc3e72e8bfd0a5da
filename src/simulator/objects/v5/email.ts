/** Emails, lists and programs, as API v5 shows them (vendor docs, one page per object: guide/<object>-v5.html). */
import { define } from "./notation.ts";
import type { V5Object } from "./notation.ts";

export const EMAIL: readonly V5Object[] = [
  define("Email", "emails", {
    fields: `
      id name type sentAt subject clientType isOperational campaignId prospectId folderId listId listEmailId
      emailTemplateId trackerDomainId
      senderOptions[type,address,name,userId,prospectCustomFieldId,accountCustomFieldId]
      replyToOptions[type,address,userId,prospectCustomFieldId,accountCustomFieldId] createdById textMessage^
      htmlMessage^ salesforceCmsId`,
    relations: "campaign prospect folder list listEmail emailTemplate trackerDomain createdBy",
    filters: "prospectId listEmailId id* sentAt*",
    orders: "id sentAt",
  }),
  define("EmailTemplate", "email-templates", {
    fields: `
      id name subject isOneToOneEmail isAutoResponderEmail isDripEmail isListEmail textMessage^ htmlMessage^
      senderOptions[type,address,name,userId,prospectCustomFieldId,accountCustomFieldId]
      replyToOptions[type,address,userId,prospectCustomFieldId,accountCustomFieldId] trackerDomainId folderId type
      campaignId isDeleted createdAt updatedAt createdById updatedById tagReplacementLanguage`,
    relations: "campaign folder trackerDomain createdBy updatedBy",
    weak: "updatedAt* createdAt* id*",
    bin: true,
    exports: "created updated deleted",
  }),
  define("ListEmail", "list-emails", {
    fields: `
      id name subject isPaused isSent isDeleted isOperational sentAt campaignId clientType
      senderOptions[type,address,name,userId,prospectCustomFieldId,accountCustomFieldId]
      replyToOptions[type,address,userId,prospectCustomFieldId,accountCustomFieldId] emailTemplateId
      trackerDomainId folderId createdAt updatedAt createdById updatedById type textMessage^ htmlMessage^
      scheduledTime:datetime~ recipientLists[id,name]^ suppressionLists[id,name]^`,
    relations: "campaign emailTemplate trackerDomain folder createdBy updatedBy",
    filters: "updatedAt*",
    weak: "createdAt* sentAt* id*",
    orders: "updatedAt createdAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("List", "lists", {
    fields: `
      id name title description isPublic folderId campaignId isDeleted isDynamic createdAt updatedAt createdById
      updatedById`,
    relations: "folder campaign createdBy updatedBy",
    filters: "name id* createdAt* updatedAt*",
    orders: "id createdAt updatedAt",
    bin: true,
    exports: "created updated deleted",
  }),
  define("ListMembership", "list-memberships", {
    fields: "id listId prospectId optedOut createdAt updatedAt createdById updatedById isDeleted",
    relations: "list prospect createdBy updatedBy",
    filters: "listId prospectId id* createdAt* updatedAt*",
    orders: "id createdAt updatedAt listId",
    bin: true,
    exports: "created updated deleted",
  }),
  define("EngagementStudioProgram", "engagement-studio-programs", {
    fields: `
      id status isDeleted salesforceId description businessHours{days,startTime,endTime,timezone}
      prospectsMultipleEntry{maximumEntries,minimumDurationInDays} schedule{createdAt,startOn,stopOn}
      scheduleCreatedById recipientListIds[] suppressionListIds[] createdAt updatedAt createdById updatedById name
      folderId`,
    relations: "scheduleCreatedBy folder createdBy updatedBy",
    filters: "updatedAt*",
    orders: "updatedAt",
    bin: true,
  }),
];
