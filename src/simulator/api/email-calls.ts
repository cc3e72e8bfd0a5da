/**
 * Email: read and statistics by id, no query (vendor docs, emails; recorded: Crim/pardot-java-client emailRead.xml,
 * emailStats.xml). One record per send to a recipient. The response has no list_email_id (pardot/api-docs issue 158).
 */
import type { Account } from "../account/account.ts";
import {
  countSends,
  emailIdOf,
  firstActivityOf,
  firstSendOf,
  isOneToOne,
  listEmailIndex,
  sendOf,
  sendWithId,
} from "../account/email-sends.ts";
import { ApiError } from "./api-error.ts";
import { hashText, mix, pick, unit } from "../account/random.ts";
import type { Value, Body, World } from "../account/model.ts";
import { booleanOf } from "./parameters.ts";
import type { Parameters } from "./parameters.ts";
import { NASTY, plainText } from "../account/text.ts";

const SALT = hashText("Email");

interface Email {
  readonly name: string;
  readonly isOneToOne: boolean;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly created: number;
}

/** `do/read/id/{email_id}`. The id of a list email works too (seen in production). Throws ApiError. */
export function emailRead(account: Account, id: string | undefined, parameters: Parameters): Body {
  const { world } = account;
  const emailId = idOf(id);
  const send = findSend(account, emailId);
  if (send === -1 || isUnreadable(send, world)) throw new ApiError(world.knobs.unknownIdCode);
  const email = emailOf(account, send);
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
  return { stats: statsOf(index, account.world) };
}

function idOf(id: string | undefined): number {
  if (id === undefined) throw new ApiError(13);
  if (!/^\d{1,15}$/.test(id)) throw new ApiError(16);
  return Number(id);
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
  const hash = mix(mix(world.seed, SALT), listEmailIndex(send, world));
  return unit(mix(hash, 99)) < world.knobs.unreadableEmailShare;
}

/** Emails of one list email are the same for all recipients. */
function emailOf(account: Account, send: number): Email {
  const { world } = account;
  const single = isOneToOne(send, world);
  const hash = mix(mix(world.seed, SALT), single ? 0x10_0000 + send : listEmailIndex(send, world));
  const first = single ? send : firstSendOf(listEmailIndex(send, world), world);
  const subject = `${pick(NASTY, hash)} ${plainText(mix(hash, 1))}`;
  return {
    name: `${plainText(mix(hash, 2))}, "${mix(hash, 3) % 1_000}"`,
    isOneToOne: single,
    subject,
    text: `%%first_name%%,\r\n\r\n${pick(NASTY, mix(hash, 4))}\n\u{1F600} Unsubscribe: %%unsubscribe%%`,
    html: `<!DOCTYPE html>\n<p>It&#39;s "${plainText(mix(hash, 5))}" &amp; more</p>\r\n<a href="%%unsubscribe%%">x</a>`.repeat(
      1 + (mix(hash, 6) % 20),
    ),
    created: account.table("VisitorActivity").created[firstActivityOf(first)] ?? 0,
  };
}

function statsOf(listEmail: number, world: World): Body {
  const hash = mix(mix(world.seed, SALT), listEmail);
  const sent = 10 + (mix(hash, 20) % 5_000);
  const part = (salt: number, of: number): number => mix(hash, salt) % (of + 1);
  const [soft, hard] = [part(21, Math.floor(sent / 20)), part(22, Math.floor(sent / 20))];
  const delivered = sent - soft - hard;
  const opens = part(23, delivered);
  const uniqueOpens = part(24, opens);
  const clicks = part(25, opens);
  const uniqueClicks = part(26, Math.min(clicks, uniqueOpens));
  const optOuts = part(27, 9);
  const complaints = part(28, 3);
  const rate = (n: number, of: number): string => `${(of === 0 ? 0 : (100 * n) / of).toFixed(2)}%`;
  return {
    sent,
    delivered,
    total_clicks: clicks,
    unique_clicks: uniqueClicks,
    soft_bounced: soft,
    hard_bounced: hard,
    opt_outs: optOuts,
    spam_complaints: complaints,
    opens,
    unique_opens: uniqueOpens,
    delivery_rate: rate(delivered, sent),
    opens_rate: rate(uniqueOpens, delivered),
    click_through_rate: rate(clicks, delivered),
    unique_click_through_rate: rate(uniqueClicks, delivered),
    click_open_ratio: rate(uniqueClicks, uniqueOpens),
    opt_out_rate: rate(optOuts, delivered),
    spam_complaint_rate: rate(complaints, delivered),
  };
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
    const email = emailOf(account, send);
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
    const stats = statsOf(account.world.indexOf("ListEmail", listEmailId), account.world);
    yield { list_email_id: listEmailId, ...(stats as Readonly<Record<string, Value>>) };
  }
}
