/**
 * Meanings and values of columns, as far as the vendor's pages or recordings show them. By object and column; without
 * an object for every object that has the column. Sources: the vendor's pages named here, under
 * https://developer.salesforce.com/docs/marketing/pardot/guide/.
 */
export const MEANINGS: Readonly<Record<string, string>> = {
  is_deleted: "whether it is in the recycle bin",
  tag_replacement_language: "`pml`, `hml` or `undetermined` (vendor docs, dynamic-content-v5)",
  salesforce_cms_id: "only with a Salesforce CMS connector",
  created_by_id: "user who created it",
  updated_by_id: "user who changed it last",
  "Prospect.crm_lead_fid": "Salesforce id of the lead",
  "Prospect.crm_contact_fid": "Salesforce id of the contact",
  "Prospect.crm_owner_fid": "Salesforce id of the owner",
  "Prospect.crm_account_fid": "Salesforce id of the account",
  "Prospect.crm_last_sync": "when it was last synchronized with Salesforce",
  "Visitor.prospect_id": "id in PARDOT_PROSPECT; null for an anonymous visitor (visitors-v4)",
  "VisitorActivity.type": "code of [the kind of activity](#types-of-visitor-activities)",
  "VisitorActivity.type_name":
    "kind of asset, such as `Email`, `Form` or `Landing Page`; not the name of the type (recorded: tamias/pardot-client)",
  "VisitorActivity.email_id": "the email to one prospect; PARDOT_EMAIL has the smallest one of each list email",
  "VisitorActivity.updated_at": "null in old records (recorded in 2015 to 2017: Crim/pardot-java-client)",
  "Opportunity.status": "`Won`, `Lost` or `Open` (opportunities-v4)",
  "Opportunity.closed_at": "null while it is not set (opportunities-v4)",
  "EmailClick.list_email_id": "id in PARDOT_LISTEMAIL; null unless a list email was clicked (batch-email-clicks)",
  "EmailClick.drip_program_action_id": "null unless an email of a program was clicked (batch-email-clicks)",
  "EmailClick.email_template_id": "id in PARDOT_EMAILTEMPLATE; null unless its email was clicked (batch-email-clicks)",
  "TagObject.type":
    "kind of the tagged object, such as `Prospect`, `Landing Page` or `Email Template` (tag-objects-v4)",
  "TagObject.object_id": "its id, in the table of that kind",
  "Email.email_id": "the smallest email id of the list email",
  "Email.list_email_id": "id in PARDOT_LISTEMAIL, taken from the activity",
  "LifecycleStage.match_type": "`all` or `any` (lifecycle-stage-v5)",
  "LifecycleHistory.previous_stage_id": "id in PARDOT_LIFECYCLESTAGE",
  "LifecycleHistory.next_stage_id": "id in PARDOT_LIFECYCLESTAGE",
  "ExternalActivity.value": "at most 100 characters (external-activities-v5)",
  "TaggedObject.object_type":
    "`campaign`, `custom-field`, `custom-redirect`, `dynamic-content`, `email`, `email-template`, `file`, `form`, `form-field`, `form-handler`, `landing-page`, `layout-template`, `list`, `prospect` or `user` (tagged-object-v5)",
  "TaggedObject.object_id": "its id, in the table of that kind",
  "ListEmail.client_type": "`Builder` or `Web` (list-email-v5)",
  "EngagementStudioProgram.status":
    "`draft`, `running`, `paused`, `starting` or `scheduled` (engagement-studio-program-v5)",
  "EngagementStudioProgram.business_hours": "`days`, `startTime`, `endTime`, `timezone` (engagement-studio-program-v5)",
  "EngagementStudioProgram.prospects_multiple_entry":
    "`maximumEntries`, `minimumDurationInDays` (engagement-studio-program-v5)",
  "EngagementStudioProgram.schedule": "`createdAt`, `startOn`, `stopOn` (engagement-studio-program-v5)",
  "CustomField.field_id": "its column in PARDOT_PROSPECT; through v5 with `__c` at the end (custom-field-v5)",
  "Folder.parent_folder_id": "id in PARDOT_FOLDER; null at the top (folder-v5)",
  "DynamicContent.based_on": "`default`, `custom`, `grade` or `score` (dynamic-content-v5)",
  "DynamicContentVariation.operator":
    "`is`, `contains`, `between`, `less-than`, `greater-than`, the last two also with `-or-equal` (dynamic-content-variation)",
  "FormHandlerField.data_format":
    "`text`, `number`, `email`, `email not from isps and free email providers` or `email with valid mail server` (form-handler-field-v5)",
  "LandingPage.layout_type":
    "`Layout Template`, `Landing Page Builder`, `Legacy Page Builder` or `Salesforce Builder` (landing-page-v5)",
};

/** Types of visitor activities from code 1 on (vendor docs, object-field-reference). */
export const ACTIVITY_TYPES: readonly string[] = [
  "Click, View, Error, Success, Session, Sent, Search, New opportunity, Opportunity won, Opportunity lost",
  "Open, Unsubscribe page, Bounced, Spam complaint, Email preference page, Resubscribed, Click (third party)",
  "Opportunity reopened, Opportunity linked, Visit, Custom URL click, Olark chat, Invited to webinar, Attended webinar",
  "Registered for webinar, Social post click, Video view, Event registered, Event checked in, Video conversion",
  "UserVoice suggestion, UserVoice comment, UserVoice ticket, Video watched (75% or more), Indirect unsubscribe open",
  "Indirect bounce, Indirect resubscribed, Opportunity unlinked",
].flatMap((line) => line.split(", "));
