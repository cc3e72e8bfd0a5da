/** Values that follow from other records, by `Object.field` or by the field's name alone. */
import { isOneToOne, listEmailOfSend, listEmailSentAt, sentAtOf } from "../../account/email-sends.ts";
import { mix, pick } from "../../account/random.ts";
import type { JsonRecord, RowKey, Value, World } from "../../account/model.ts";
import { plainText, someText } from "../../account/text.ts";
import { emailContent, listEmailContent } from "../email.ts";
import { someId } from "../links.ts";
import { pageViewOf, visitOfView, visitorOfVisit } from "../visit.ts";

export interface ValueContext {
  readonly row: RowKey;
  /** Differs by field and record; changes with the record unless the field never does. */
  readonly hash: number;
  readonly world: World;
}

type Own = (context: ValueContext) => Value;

/** Objects that tags and folders contain, by their documented names (vendor docs, tagged objects). */
const CONTAINED: readonly [string, ...string[]] = [
  "campaign", "custom-redirect", "dynamic-content", "email-template", "file", "form-handler", "form", "landing-page",
  "layout-template", "list",
]; // prettier-ignore

function pascal(kebab: string): string {
  return kebab.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const contained = ({ row }: ValueContext): string => pick(CONTAINED, mix(0xf01d, row.index));
const containedId = (context: ValueContext): number | null =>
  someId(pascal(contained(context)), mix(0x1d, context.row.index), context.world);

/** A visit of the page view, and through it the visitor. */
const visitOf = ({ row, world }: ValueContext): number | null => visitOfView(row.index, world);

/** None, one or several records. */
function several(context: ValueContext, make: (hash: number) => JsonRecord | null): readonly JsonRecord[] {
  const count = pick([0, 1, 1, 2, 3], context.hash);
  return Array.from({ length: count }, (_, n) => make(mix(context.hash, 10 + n))).filter((record) => record !== null);
}

/** As Airbyte's schema types them: who sends, or gets the replies. */
const sender =
  (withName: boolean): Own =>
  (context) =>
    several(context, (hash) => {
      const type = pick(["general_user", "assigned_user", "prospect_custom_field"], hash);
      return {
        type,
        address: type === "general_user" ? "news@acme.test" : null,
        ...(withName ? { name: type === "general_user" ? someText(mix(hash, 1)) : null } : {}),
        userId: type === "assigned_user" ? someId("User", mix(hash, 2), context.world) : null,
        prospectCustomFieldId: type === "prospect_custom_field" ? 7 : null,
        accountCustomFieldId: null,
      };
    });

const lists: Own = (context) =>
  several(context, (hash) => {
    const id = someId("List", hash, context.world);
    return id === null ? null : { id, name: plainText(hash) };
  });

const listIds: Own = (context) =>
  [1, 2, 3].slice(context.hash % 4).flatMap((n) => someId("List", mix(context.hash, n), context.world) ?? []);

export const OWN_VALUES: Readonly<Record<string, Own>> = {
  id: ({ row }) => row.id,
  createdAt: ({ row }) => row.created,
  updatedAt: ({ row }) => row.updated,
  isDeleted: ({ row }) => row.isDeleted,
  senderOptions: sender(true),
  replyToOptions: sender(false),
  recipientLists: lists,
  suppressionLists: lists,
  recipientListIds: listIds,
  suppressionListIds: listIds,
  // Not set up in this account: see the knob v5MissingFields.
  salesforceCmsId: () => null,

  "BulkAction.percentComplete": ({ hash }) => hash % 101,
  "CustomField.apiFieldId": () => null,

  "Email.sentAt": ({ row, world }) => sentAtOf(row.index, world),
  "Email.listEmailId": ({ row, world }) => listEmailOfSend(row.index, world),
  "Email.emailTemplateId": ({ row, hash, world }) =>
    isOneToOne(row.index, world) ? null : someId("EmailTemplate", mix(hash, 1), world),
  // Deprecated, always null (vendor docs, emails).
  "Email.listId": () => null,
  "Email.name": ({ row, world }) => emailContent(row.index, world).name,
  "Email.subject": ({ row, world }) => emailContent(row.index, world).subject,
  "Email.textMessage": ({ row, world }) => emailContent(row.index, world).text,
  "Email.htmlMessage": ({ row, world }) => emailContent(row.index, world).html,

  "EngagementStudioProgram.businessHours": ({ hash }) =>
    hash % 3 === 0
      ? null
      : { days: ["monday", "friday"], startTime: "09:00", endTime: "17:30", timezone: "America/New_York" },
  "EngagementStudioProgram.prospectsMultipleEntry": ({ hash }) =>
    hash % 3 === 0 ? null : { maximumEntries: hash % 9, minimumDurationInDays: mix(hash, 1) % 30 },
  "EngagementStudioProgram.schedule": ({ row, hash }) =>
    hash % 3 === 0 ? null : { createdAt: row.created, startOn: row.created + 3_600, stopOn: null },

  "ExternalActivity.activityDate": ({ row, hash }) => row.created - (hash % 600),
  "ExternalActivity.email": ({ row }) => `person+${row.index}@example.com`,
  "ExternalActivity.value": ({ hash }) => someText(hash).slice(0, 100),

  "FolderContent.objectType": contained,
  "FolderContent.objectId": containedId,
  "FolderContent.objectName": (context) => plainText(containedId(context) ?? 0),
  "FolderContent.objectRef": (context) => `/api/v5/objects/${contained(context)}s/${containedId(context)}`,
  "FolderContent.folderRef": ({ hash }) => `/api/v5/objects/folders/${hash % 9_000}`,

  // The first entry of a prospect has neither (vendor's sample, lifecycle histories).
  "LifecycleHistory.previousStageId": ({ row, hash, world }) =>
    row.index % 4 === 0 ? null : someId("LifecycleStage", hash, world),
  "LifecycleHistory.secondsElapsed": ({ row, hash }) => (row.index % 4 === 0 ? null : hash % 10_000_000),
  "LifecycleStage.position": ({ row }) => row.index + 1,

  "LandingPage.archiveDate": ({ hash }) => (hash % 3 === 0 ? null : `202${hash % 6}-0${1 + (hash % 9)}-15`),

  "ListEmail.sentAt": ({ row, world }) => listEmailSentAt(row.index, world),
  "ListEmail.isSent": ({ row, world }) => listEmailSentAt(row.index, world) !== null,
  "ListEmail.name": ({ row, world }) => listEmailContent(row.index, world).name,
  "ListEmail.subject": ({ row, world }) => listEmailContent(row.index, world).subject,
  "ListEmail.textMessage": ({ row, world }) => listEmailContent(row.index, world).text,
  "ListEmail.htmlMessage": ({ row, world }) => listEmailContent(row.index, world).html,

  "VisitorPageView.url": ({ row, world }) => pageViewOf(row.index, world).url,
  "VisitorPageView.title": ({ row, world }) => pageViewOf(row.index, world).title,
  "VisitorPageView.visitId": (context) => {
    const visit = visitOf(context);
    return visit === null ? null : context.world.idOf("Visit", visit);
  },
  "VisitorPageView.visitorId": (context) => {
    const visit = visitOf(context);
    const { hash, world } = context;
    return visit === null ? someId("Visitor", hash, world) : visitorOfVisit(visit, world);
  },
};

/** Up to two hours before it was sent: list emails are prepared. */
export function listEmailCreatedAt(index: number, world: World): number | null {
  const sent = listEmailSentAt(index, world);
  return sent === null ? null : sent - (mix(index, 3) % 7_200);
}
