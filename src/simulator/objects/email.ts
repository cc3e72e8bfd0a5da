/** The content of emails, and the statistics of list emails. Emails of one list email are the same for all recipients. */
import type { World } from "../account/model.ts";
import { firstSendOf, isOneToOne, listEmailIndex, sentAtOf } from "../account/email-sends.ts";
import { hashText, mix, pick } from "../account/random.ts";
import { NASTY, plainText } from "../account/text.ts";

const SALT = hashText("Email");

export interface EmailContent {
  readonly name: string;
  readonly isOneToOne: boolean;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** When the first email with this content was sent. */
  readonly created: number;
}

export function emailHash(listEmail: number, world: World): number {
  return mix(mix(world.seed, SALT), listEmail);
}

/** The content of one sent email. */
export function emailContent(send: number, world: World): EmailContent {
  const single = isOneToOne(send, world);
  const listEmail = listEmailIndex(send, world);
  const first = single ? send : firstSendOf(listEmail, world);
  const hash = emailHash(single ? 0x10_0000 + send : listEmail, world);
  return { ...contentOf(hash), isOneToOne: single, created: sentAtOf(first, world) };
}

/** The content of a list email, sent or not. */
export function listEmailContent(listEmail: number, world: World): ReturnType<typeof contentOf> {
  return contentOf(emailHash(listEmail, world));
}

function contentOf(hash: number): Pick<EmailContent, "name" | "subject" | "text" | "html"> {
  return {
    name: `${plainText(mix(hash, 2))}, "${mix(hash, 3) % 1_000}"`,
    subject: `${pick(NASTY, hash)} ${plainText(mix(hash, 1))}`,
    text: `%%first_name%%,\r\n\r\n${pick(NASTY, mix(hash, 4))}\n\u{1F600} Unsubscribe: %%unsubscribe%%`,
    html: `<!DOCTYPE html>\n<p>It&#39;s "${plainText(mix(hash, 5))}" &amp; more</p>\r\n<a href="%%unsubscribe%%">x</a>`.repeat(
      1 + (mix(hash, 6) % 20),
    ),
  };
}

/** Counts as numbers, rates as text with a percent sign, under their v4 names. */
export function listEmailStats(listEmail: number, world: World): Readonly<Record<string, number | string>> {
  const hash = emailHash(listEmail, world);
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
