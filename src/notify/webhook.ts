import { readWebhookUrl } from "../config/sections.ts";
import type { Secret } from "../secrets/secret.ts";
import { TransportError } from "../errors.ts";
import type { HttpResponse, Transport } from "../http/transport.ts";
import { exitCode } from "../report/exit-codes.ts";
import { outcomeFields } from "../report/outcome-fields.ts";
import type { Channel, Notification, Refused } from "./notification.ts";

/**
 * Slack's own host. Its incoming webhooks ignored unknown fields when tried, but the webhooks of its workflows accept
 * declared ones only: those get the one field that both understand.
 */
const SLACK_HOST = "hooks.slack.com";

/** Path of Slack's incoming webhooks, which also take blocks. */
const INCOMING = "/services/";
/** Characters that Slack takes (vendor docs, header and section block). */
const SLACK_HEADER_MAX = 150;
const SLACK_SECTION_MAX = 3000;

/** Slack gives its reason in one such word, `channel_is_archived`; anything else may quote the address. */
const REASON = /^[a-z]+(?:_[a-z]+){1,6}$/;
const REASON_BYTES_MAX = 256;

/** Posts to an address that is a secret as a whole: anyone who knows it can post. Only its host is ever shown. */
export function webhookChannel(address: Secret, transport: Transport): Channel {
  const url = readWebhookUrl(address.reveal());
  return {
    name: url === null ? "webhook" : `webhook at ${url.host}`,
    send: async (notification, signal) => {
      if (url === null) {
        return refused("its address cannot be used", "Give PARDOT_ETL_WEBHOOK_URL an https:// address.", false);
      }
      try {
        const headers = { "content-type": "application/json; charset=utf-8", "user-agent": "pardot-etl" };
        const body = JSON.stringify(bodyFor(url, notification));
        const response = await transport({ method: "POST", url, headers, body }, signal);
        return await judge(response, url);
      } catch (error) {
        signal.throwIfAborted();
        return networkFailure(error);
      }
    },
  };
}

/** Slack's field and ours: services that understand Slack's format read `text`, other code reads the rest. */
function bodyFor(url: URL, notification: Notification): Readonly<Record<string, unknown>> {
  const { text, outcome } = notification;
  const forSlack = { text: escaped(text.trimEnd()) };
  if (url.hostname !== SLACK_HOST) return { ...forSlack, source: "pardot-etl", ...outcomeFields(outcome) };
  return url.pathname.startsWith(INCOMING) ? { ...forSlack, blocks: blocksOf(notification) } : forSlack;
}

/** Signs before the headline, by the level of the exit code. */
const SIGNS = { debug: "", info: "\u2705 ", warn: "\u26A0\uFE0F ", error: "\u274C " } as const;

/**
 * Headline, facts, and where the run's documents are. As plain text, in which nothing is a link, a mention or
 * formatting, except for a link of ours.
 */
function blocksOf({ facts: [headline = "", ...facts], places, link, outcome }: Notification): readonly object[] {
  const plain = (value: string, max: number): object => ({
    type: "plain_text",
    text: value.slice(0, max),
    emoji: false,
  });
  const { level } = exitCode(outcome.exitCode);
  const sign = SIGNS[level === "info" && outcome.status !== "complete" ? "warn" : level];
  // Slack links to web pages only, and `|` and `>` would end the address.
  const isLinked = link?.url.startsWith("https://") === true && !/[|<>]/.test(link.url);
  const linked = isLinked ? { type: "mrkdwn", text: `<${escaped(link.url)}|Open the ${link.what}>` } : null;
  const rest = places.filter((place) => linked === null || !place.startsWith("open "));
  return [
    { type: "header", text: plain(`${sign}${headline}`, SLACK_HEADER_MAX) },
    ...(facts.length === 0 ? [] : [{ type: "section", text: plain(facts.join("\n"), SLACK_SECTION_MAX) }]),
    ...(linked === null ? [] : [{ type: "context", elements: [linked] }]),
    ...rest.map((place) => ({ type: "context", elements: [plain(place, SLACK_SECTION_MAX)] })),
  ];
}

/** In Slack's format these three would begin a link, a mention or an entity. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

async function judge(response: HttpResponse, url: URL): Promise<Refused | null> {
  const { status } = response;
  const word = await refusalReason(response, url);
  if (status >= 200 && status <= 299) return null;
  if (status >= 300 && status <= 399) {
    return refused(
      `it returned ${status}, and redirects are not followed`,
      "Set PARDOT_ETL_WEBHOOK_URL to the address it redirects to.",
      false,
    );
  }
  const reason = `it returned ${status}${word === null ? "" : ` (${word})`}`;
  const isBusy = status === 429 || status >= 500;
  return refused(reason, isBusy ? null : "Check that the webhook still exists and accepts JSON.", isBusy);
}

/** Reads the body to its end, or as far as it may contain a reason. */
async function refusalReason(response: HttpResponse, url: URL): Promise<string | null> {
  let text = "";
  for await (const chunk of response.body) {
    text += new TextDecoder().decode(chunk);
    if (text.length > REASON_BYTES_MAX) return null;
  }
  const word = text.trim();
  return REASON.test(word) && !url.href.includes(word) ? word : null;
}

/** In our own words, because the transport's message contains the address. */
function networkFailure(error: unknown): Refused {
  if (!(error instanceof TransportError)) {
    return refused(`it could not be reached (${error instanceof Error ? error.name : "unknown"})`, null, false);
  }
  const network = error.context["network"] ?? error.code;
  return refused(`${WHY[error.code] ?? "the connection failed"} (${String(network)})`, null, error.retryable);
}

const WHY: Readonly<Record<string, string>> = {
  "http.not-sent": "no connection",
  "http.timeout": "no response in time",
  "http.cut": "the connection broke",
  "http.untrusted": "its certificate is not trusted",
};

function refused(reason: string, hint: string | null, retryable: boolean): Refused {
  return { reason, hint, retryable };
}
