import { redact } from "../config/redact.ts";
import type { NotifyConfig } from "../config/config.ts";
import { warn } from "../events.ts";
import type { OnEvent } from "../events.ts";
import type { Transport } from "../http/transport.ts";
import type { Clock } from "../platform/clock.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import type { Notified } from "../operations/api.ts";
import { notificationOf } from "./notification.ts";
import type { Channel, Notification, Refused } from "./notification.ts";
import type { Link } from "./link.ts";
import { webhookChannel } from "./webhook.ts";
import { visible } from "../text.ts";

/** Longest time for all channels together, and for one attempt. */
const NOTIFY_MS = 10_000;
const ATTEMPT_MS = 5000;
/** Before the second and last attempt. */
const PAUSE_MS = 500;
const ATTEMPTS_MAX = 2;

export interface NotifyOptions {
  readonly config: NotifyConfig;
  /** Where a person can open the run's page or manifest; default: not known. */
  readonly link?: Link | null;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Aborted when no time is left. */
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  /** Secrets to remove from every message, however they got into an error. */
  readonly secrets: readonly string[];
}

/**
 * Sends all configured notifications in parallel and repeats each at most once. Never throws and takes at most ten
 * seconds: a notification that fails is a warning, and the run keeps its exit code.
 */
export async function notify(outcome: RunOutcome, options: NotifyOptions): Promise<readonly Notified[]> {
  const { about, snsTopic, webhookUrl } = options.config;
  if (snsTopic === null && webhookUrl === null) return [];
  // A run that died could not send anything: the one that takes over from it does, even if it is complete.
  const isWell = outcome.exitCode === 0 && outcome.status === "complete" && outcome.died.length === 0;
  if (about === "trouble" && isWell) return [];
  const notification = withoutSecrets(notificationOf(outcome, options.link), options.secrets);
  const over = new AbortController();
  const bounded = AbortSignal.any([options.signal, over.signal]);
  const done = new AbortController();
  void options.clock.sleep(NOTIFY_MS, done.signal).then(
    () => over.abort(new Error("no time is left")),
    () => {},
  );
  try {
    const channels = await openChannels(options.config, options.transport);
    return await Promise.all(
      channels.map(async (channel): Promise<Notified> => {
        const refused = await sendTwice(channel, notification, bounded, options.clock);
        if (refused === null) return { channel: channel.name, failure: null };
        const { reason, hint } = refused;
        const text = `could not notify ${channel.name}: ${reason}${hint === null ? "" : `. ${hint}`}`;
        const failure = redact(text, options.secrets);
        warn(options.onEvent, "notify.failed", failure);
        return { channel: channel.name, failure };
      }),
    );
  } finally {
    done.abort(new Error("all notifications are sent"));
  }
}

async function openChannels(config: NotifyConfig, transport: Transport): Promise<readonly Channel[]> {
  const { snsTopic, webhookUrl } = config;
  const channels: Channel[] = [];
  if (snsTopic !== null) {
    // Loaded here because most runs have no topic: the SDK's client takes as long to load as Node to start.
    const { snsChannel } = await import("./sns.ts");
    channels.push(snsChannel(snsTopic));
  }
  if (webhookUrl !== null) channels.push(webhookChannel(webhookUrl, transport));
  return channels;
}

/** Returns null if it was accepted. */
async function sendTwice(
  channel: Channel,
  notification: Notification,
  signal: AbortSignal,
  clock: Clock,
): Promise<Refused | null> {
  let last = LATE;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    try {
      if (attempt > 1) await clock.sleep(PAUSE_MS, signal);
      const sending = await sendOnce(channel, notification, signal, clock);
      if (sending === null) return null;
      last = sending;
    } catch {
      // No time is left; an earlier failure is the better reason.
      return last;
    }
    if (!last.retryable) return last;
  }
  return last;
}

const LATE: Refused = { reason: "no response in time", hint: null, retryable: true };

/** One attempt within its own time; null if it was accepted. Throws when no time is left. */
async function sendOnce(
  channel: Channel,
  notification: Notification,
  signal: AbortSignal,
  clock: Clock,
): Promise<Refused | null> {
  signal.throwIfAborted();
  const own = new AbortController();
  const cut = AbortSignal.any([signal, own.signal]);
  const done = new AbortController();
  const late = clock.sleep(ATTEMPT_MS, AbortSignal.any([done.signal, signal])).then(() => {
    own.abort(new Error("no response in time"));
    return LATE;
  });
  try {
    // Races the clock, because the SDK ignores the signal while it looks for credentials.
    return await Promise.race([channel.send(notification, cut), late]);
  } finally {
    late.catch(() => {});
    done.abort(new Error("a response arrived"));
  }
}

function withoutSecrets(notification: Notification, secrets: readonly string[]): Notification {
  const { outcome, facts, places, link } = notification;
  const clean = (text: string): string => visible(redact(text, secrets));
  const { error: own } = outcome;
  const error =
    own === null ? null : { ...own, message: clean(own.message), hint: own.hint === null ? null : clean(own.hint) };
  return {
    subject: clean(notification.subject),
    text: clean(notification.text),
    facts: facts.map(clean),
    places: places.map(clean),
    link: link === null ? null : { ...link, url: clean(link.url) },
    outcome: { ...outcome, error },
  };
}
