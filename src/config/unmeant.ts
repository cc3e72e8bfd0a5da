import { isIdentifier } from "./snowflake-settings.ts";
import type { Setting } from "./settings.ts";

/** Variables of others that decide where data and secrets go; what reads them would take quotes as part of the value. */
const OTHERS: ReadonlySet<string> = new Set(
  (
    "AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN " +
    "AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 HTTPS_PROXY https_proxy HTTP_PROXY http_proxy NO_PROXY no_proxy"
  ).split(" "),
);

/**
 * Values that a program would take and that a person cannot have meant. Taken, they made folders named `~` or
 * `"s3:` in a container's own disk, and logins that failed with another reason. Each function returns what was expected
 * instead, null where the value may be meant; nothing of a secret's value is in it.
 */

const QUOTES = `"'\`“”‘’`;
const FROM_ENV_FILE =
  "a value without quotes around it (docker's --env-file takes quotes as part of the value; so does a variable set to quoted text)";

/** Quotes that a shell would have taken away, or one of the two. */
export function quotedValue(text: string, setting: Setting): string | null {
  const first = text.at(0) ?? "";
  const last = text.at(-1) ?? "";
  const isAround = text.length > 1 && QUOTES.includes(first) && QUOTES.includes(last);
  // A secret, and a name that Snowflake wants quoted, may begin or end in anything.
  if (setting.kind === "secret") return isAround && isPair(first, last) ? FROM_ENV_FILE : null;
  if (isIdentifier(setting.env) && first !== "'" && first !== "`") return null;
  return hasQuote(text) ? FROM_ENV_FILE : null;
}

/** The same for a variable that is no setting of ours. */
export function quotedVariable(name: string, text: string): string | null {
  return OTHERS.has(name) && hasQuote(text) ? FROM_ENV_FILE : null;
}

/** The same for the name of the configuration file, and what `unmeantPath` says of it. */
export function unmeantFile(text: string): string | null {
  return hasQuote(text) ? FROM_ENV_FILE : unmeantPath(text);
}

function hasQuote(text: string): boolean {
  return text !== "" && (QUOTES.includes(text.at(0) ?? "") || QUOTES.includes(text.at(-1) ?? ""));
}

function isPair(first: string, last: string): boolean {
  return first === last || `${first}${last}` === "“”" || `${first}${last}` === "‘’";
}

/** A path that a shell, or a program with a protocol of that name, would have read otherwise. */
export function unmeantPath(text: string): string | null {
  if (text.startsWith("~")) return "a path without ~, which only a shell puts a home folder in for";
  if (text.startsWith("$") || text.includes("${")) {
    return "a path without a variable: nothing puts its value in here";
  }
  // One letter before the colon is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1];
  if (scheme !== undefined) return `a path; for a folder named ${scheme}: write ./${scheme}:`;
  return text === text.trim() ? null : "a path without blanks at its ends";
}

/** A bucket's address that lacks a part, or belongs to another service; a folder that is none. */
export function unmeantDestination(text: string): string | null {
  if (text.startsWith("s3://")) {
    return text.includes("${") ? "s3://bucket/prefix without a variable: nothing puts its value in here" : null;
  }
  if (/^(?:s3:|s3\/\/|arn:)/i.test(text)) return "s3://bucket/prefix with s3:// at its beginning";
  return unmeantPath(text);
}

/** Abbreviations of three letters that are IANA names and change to summer time, or have no offset at all. */
const SHORT_ZONES: ReadonlySet<string> = new Set("UTC GMT UCT CET EET WET MET PRC ROC ROK".split(" "));

/** A zone that hides a change to summer time: fixed offsets, and abbreviations of which some zones share one. */
export function unmeantZone(text: string): string | null {
  const isOffset = /^[+-]|^(?:Etc\/)?(?:GMT|UTC)[+-]?(?!0{1,2}$)\d|^SystemV\//i.test(text);
  const isShort = /^[A-Z]{3}$/i.test(text) && !SHORT_ZONES.has(text.toUpperCase());
  return isOffset || isShort
    ? "the name of a place's zone, such as America/New_York: a fixed offset or an abbreviation hides the change to summer time"
    : null;
}

/** A host that gives no tokens. */
export function unmeantLoginHost(hostname: string): string | null {
  if (isBelow(hostname, "pardot.com")) {
    return "Salesforce's login host, such as https://login.salesforce.com; this one is Pardot's (PARDOT_API_URL)";
  }
  if (isBelow(hostname, "lightning.force.com") || isBelow(hostname, "salesforce-setup.com")) {
    return "the My Domain host, https://NAME.my.salesforce.com; this one is that of the pages in a browser";
  }
  return null;
}

/** A host that is Salesforce's own and not Pardot's. */
export function unmeantApiHost(hostname: string): string | null {
  if (!isBelow(hostname, "salesforce.com") && !isBelow(hostname, "force.com")) return null;
  return "Pardot's host, https://pi.pardot.com or https://pi.demo.pardot.com; this one is a login host (PARDOT_LOGIN_URL)";
}

function isBelow(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
