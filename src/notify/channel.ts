import type { Notification } from "./notification.ts";

/** A way to notify people. */
export interface Channel {
  /** For messages: `SNS topic arn:…`, `webhook at hooks.slack.com`. Never the webhook's address itself. */
  readonly name: string;
  /**
   * Sends once. Throws only the signal's reason when that is aborted; returns any other failure. Sent twice, a notification
   * may arrive twice.
   */
  send(notification: Notification, signal: AbortSignal): Promise<Sending>;
}

export type Sending = { readonly ok: true } | Refused;

export interface Refused {
  readonly ok: false;
  /** What went wrong, lower case, without any secret. */
  readonly reason: string;
  /** What to do about it, null if not known. */
  readonly hint: string | null;
  /** Whether another attempt may succeed a moment later. */
  readonly retryable: boolean;
}
