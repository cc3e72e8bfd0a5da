import type { Problem } from "../errors.ts";
import type { NotifyConfig } from "./config.ts";
import type { Values } from "./given.ts";
import { isLoopback } from "../platform/address.ts";

const WEBHOOK_EXPECTED =
  "an https:// address, plain http:// only for loopback, without user name and without #; the value is not shown";

/**
 * Who hears how a run ended. Asks nothing but its own two settings, so that a run that cannot start for any other reason
 * can still tell. Problems as in `resolveConfig`.
 */
export function resolveNotify(values: Values, problems: Problem[]): NotifyConfig | null {
  const snsTopic = values.get("PARDOT_ETL_SNS_TOPIC_ARN");
  const webhookUrl = values.get("PARDOT_ETL_WEBHOOK_URL");
  if (values.isOpen("PARDOT_ETL_SNS_TOPIC_ARN") || values.isOpen("PARDOT_ETL_WEBHOOK_URL")) return null;
  if (webhookUrl !== null && readWebhookUrl(webhookUrl.reveal()) === null) {
    problems.push({ path: values.pathOf("PARDOT_ETL_WEBHOOK_URL"), value: "***", expected: WEBHOOK_EXPECTED });
    return null;
  }
  return { snsTopic, webhookUrl };
}

/**
 * The address, null for a text that is none we would send to. Wherever the text came from: a secret that was kept
 * elsewhere is judged when it is used.
 */
export function readWebhookUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
  return isSafe && url.username === "" && url.password === "" && url.hash === "" ? url : null;
}
