/**
 * Emails as sent to one recipient each, numbered from 0. Four neighboring activities are about one of them: sent, opened,
 * clicked. Runs of neighboring sends belong to one list email.
 */
import type { World } from "./model.ts";
import { hashText, mix } from "./random.ts";

const ACTIVITIES_PER_SEND = 4;
export const FIRST_EMAIL_ID: number = 50_000_000;
export const EMAIL_ID_STEP: number = 3;
const SALT = hashText("one-to-one");

/** The send that an activity is about, if it is about one. */
export function sendOf(activityIndex: number): number {
  return Math.floor(activityIndex / ACTIVITIES_PER_SEND);
}

/** Number of sends that so many activities can be about. */
export function countSends(activities: number): number {
  return Math.ceil(activities / ACTIVITIES_PER_SEND);
}

/** Email ids grow with the ids of the activities. */
export function emailIdOf(send: number): number {
  return FIRST_EMAIL_ID + send * EMAIL_ID_STEP;
}

/** The send with an email id, -1 if there can be none. */
export function sendWithId(emailId: number): number {
  const send = (emailId - FIRST_EMAIL_ID) / EMAIL_ID_STEP;
  return Number.isInteger(send) && send >= 0 ? send : -1;
}

interface Spread {
  readonly listEmails: number;
  readonly sends: number;
  readonly perListEmail: number;
  /** Sends per list email added by simulated days. */
  readonly perNew: number;
}

function spread(world: World): Spread {
  const listEmails = Math.max(1, world.baseRows("ListEmail"));
  const sends = Math.max(1, countSends(world.baseRows("VisitorActivity")));
  const perListEmail = Math.max(1, Math.ceil(sends / listEmails));
  return { listEmails, sends, perListEmail, perNew: Math.max(2, Math.floor(perListEmail / 8)) };
}

/** Index of a send's list email. New activities bring new list emails. */
export function listEmailIndex(send: number, world: World): number {
  const { listEmails, sends, perListEmail, perNew } = spread(world);
  return send < sends ? Math.floor(send / perListEmail) : listEmails + Math.floor((send - sends) / perNew);
}

/** The first send of a list email, by its index. */
export function firstSendOf(listEmail: number, world: World): number {
  const { listEmails, sends, perListEmail, perNew } = spread(world);
  return listEmail < listEmails ? listEmail * perListEmail : sends + (listEmail - listEmails) * perNew;
}

/** One send in nine went to one recipient only and is not part of a list email. */
export function isOneToOne(send: number, world: World): boolean {
  return mix(mix(world.seed, SALT), send) % 9 === 0;
}

/** Id of a send's list email; null for one-to-one email. */
export function listEmailOfSend(send: number, world: World): number | null {
  return isOneToOne(send, world) ? null : world.idOf("ListEmail", listEmailIndex(send, world));
}

/** List emails that the activities are about so far, at least the initial ones. */
export function countListEmails(world: World): number {
  const sends = countSends(world.rows("VisitorActivity"));
  return Math.max(world.baseRows("ListEmail"), sends === 0 ? 0 : listEmailIndex(sends - 1, world) + 1);
}

/** When an email was sent, seconds since 1970: when its first activity came. */
export function sentAtOf(send: number, world: World): number {
  return world.createdAt("VisitorActivity", send * ACTIVITIES_PER_SEND);
}

/** When the first email of a list email was sent; null if none was. */
export function listEmailSentAt(listEmail: number, world: World): number | null {
  const first = firstSendOf(listEmail, world);
  const isSent = first < countSends(world.rows("VisitorActivity")) && listEmailIndex(first, world) === listEmail;
  return isSent ? sentAtOf(first, world) : null;
}
