/**
 * Email: read and statistics by id, no query (vendor docs, emails; recorded: Crim/pardot-java-client emailRead.xml,
 * emailStats.xml). One record per send to a recipient. The response has no list_email_id (pardot/api-docs issue 158).
 */
import type { Account } from "../account/account.ts";
import {
  countSends,
  emailIdOf,
  firstSendOf,
  isOneToOne,
  listEmailIndex,
  sendOf,
  sendWithId,
} from "../account/email-sends.ts";
import { ApiError } from "./api-error.ts";
import { emailContent, emailHash, listEmailStats } from "../objects/email.ts";
import { mix, unit } from "../account/random.ts";
import type { Value, Body, World } from "../account/model.ts";
import { booleanOf, idOf } from "./parameters.ts";
import type { Parameters } from "./parameters.ts";

/** `do/read/id/{email_id}`. The id of a list email works too (seen in production). Throws ApiError. */
export function emailRead(account: Account, id: string | undefined, parameters: Parameters): Body {
  const { world } = account;
  const emailId = idOf(id);
  const send = findSend(account, emailId);
  if (send === -1 || isUnreadable(send, world)) throw new ApiError(world.knobs.unknownIdCode);
  const email = emailContent(send, world);
  const withMessage = booleanOf(parameters.get("include_message"), true, 50);
  const record: Body = {
    id: emailId,
    name: email.name,
    isOneToOne: email.isOneToOne,
    subject: email.subject,
    ...(withMessage ? { message: { text: email.text, html: email.html } } : {}),
    created_at: account.zone.text(email.created),
  };
  return { email: record };
}

/** `do/stats/id/{list_email_id}`: counts as numbers, rates as text with a percent sign, no id. Throws ApiError. */
export function emailStats(account: Account, id: string | undefined): Body {
  const index = account.world.indexOf("ListEmail", idOf(id));
  if (firstSendInTable(account, index) === -1) throw new ApiError(account.world.knobs.unknownIdCode);
  return { stats: { ...listEmailStats(index, account.world) } };
}

/** The send of an email id, or the first one of a list email's id; -1 if there is none. */
function findSend(account: Account, id: number): number {
  const direct = sendWithId(id);
  if (direct !== -1 && direct < countSends(account.table("VisitorActivity").count)) return direct;
  return firstSendInTable(account, account.world.indexOf("ListEmail", id));
}

function firstSendInTable(account: Account, listEmail: number): number {
  const { world } = account;
  if (listEmail === -1) return -1;
  const sends = countSends(account.table("VisitorActivity").count);
  let send = firstSendOf(listEmail, world);
  while (send < sends && listEmailIndex(send, world) === listEmail && isOneToOne(send, world)) send += 1;
  return send < sends && listEmailIndex(send, world) === listEmail ? send : -1;
}

/** True for the share of list emails that the knob makes unreadable. */
function isUnreadable(send: number, world: World): boolean {
  return unit(mix(emailHash(listEmailIndex(send, world), world), 99)) < world.knobs.unreadableEmailShare;
}

/** Each list email of the activities, with the smallest email id among them. */
function listEmailsSeen(account: Account): ReadonlyMap<number, number> {
  const table = account.table("VisitorActivity");
  const column = table.model.columns.findIndex(({ name }) => name === "list_email_id");
  const seen = new Map<number, number>();
  for (let index = 0; index < table.count; index += 1) {
    if (table.gone[index] === 1) continue;
    const listEmail = account.values(table, index)[column];
    const emailId = emailIdOf(sendOf(index));
    if (typeof listEmail === "number" && emailId < (seen.get(listEmail) ?? Number.POSITIVE_INFINITY)) {
      seen.set(listEmail, emailId);
    }
  }
  return seen;
}

/** Rows of the table of emails, without unreadable ones. */
export function* emailTruth(account: Account): Generator<Readonly<Record<string, Value>>> {
  for (const [listEmailId, emailId] of listEmailsSeen(account)) {
    const send = sendWithId(emailId);
    if (isUnreadable(send, account.world)) continue;
    const email = emailContent(send, account.world);
    yield {
      email_id: emailId,
      list_email_id: listEmailId,
      name: email.name,
      subject: email.subject,
      is_one_to_one: email.isOneToOne,
      message_text: email.text,
      message_html: email.html,
      created_at: account.zone.text(email.created),
    };
  }
}

/** Rows of the table of email statistics: one per list email of the activities. */
export function* emailStatsTruth(account: Account): Generator<Readonly<Record<string, Value>>> {
  for (const listEmailId of listEmailsSeen(account).keys()) {
    yield {
      list_email_id: listEmailId,
      ...listEmailStats(account.world.indexOf("ListEmail", listEmailId), account.world),
    };
  }
}
