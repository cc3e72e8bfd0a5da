import { resolve } from "node:path";
import { invalid, valid } from "../errors.ts";
import { isLoopback } from "../platform/address.ts";
import type { Destination, EtlConfig, SnowflakeConfig, SnsTopic } from "./config.ts";
import { hasQuote, parsePath, parser, pathProblem, UNQUOTED } from "./parsers.ts";
import type { Parser } from "./parsers.ts";

/** Parsers for what only this tool has: Pardot's hosts, destinations, warehouses. */

export const businessUnit: Parser<string> = parser("business-unit", (id) =>
  /^0Uv[0-9A-Za-z]{15}$/.test(id) ? valid(id) : invalid("18 letters and digits that start with 0Uv"),
);

export const apiHost: Parser<URL> = parser("api-host", (address) => {
  const url = parseOrigin(address);
  if (url !== null && (isBelow(url, "salesforce.com") || isBelow(url, "force.com"))) {
    return invalid(
      "Pardot's host, https://pi.pardot.com or https://pi.demo.pardot.com; this one is a login host (PARDOT_LOGIN_URL)",
    );
  }
  return url !== null && (url.hostname.endsWith(".pardot.com") || isLoopback(url))
    ? valid(url)
    : invalid("https://pi.pardot.com, https://pi.demo.pardot.com or a loopback address");
});

export const loginHost: Parser<URL> = parser("login-host", (address) => {
  const url = parseOrigin(address);
  if (url === null) {
    return invalid("an https:// address without path, such as https://login.salesforce.com; http:// only for loopback");
  }
  if (isBelow(url, "pardot.com")) {
    return invalid(
      "Salesforce's login host, such as https://login.salesforce.com; this one is Pardot's (PARDOT_API_URL)",
    );
  }
  return isBelow(url, "lightning.force.com") || isBelow(url, "salesforce-setup.com")
    ? invalid("the My Domain host, https://NAME.my.salesforce.com; this is the host of the pages in a browser")
    : valid(url);
});

/**
 * An origin over TLS, or over plain HTTP to loopback. A path, query or credentials would be lost, so none is accepted.
 */
function parseOrigin(address: string): URL | null {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
  return isSafe && url.href === `${url.origin}/` ? url : null;
}

function isBelow({ hostname }: URL, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** Three-letter names in the IANA list that observe daylight saving time or have no offset. */
const SHORT_ZONES: ReadonlySet<string> = new Set("UTC GMT UCT CET EET WET MET PRC ROC ROK".split(" "));

export const zone: Parser<string> = parser("zone", (name) => {
  const isOffset = /^[+-]|^(?:Etc\/)?(?:GMT|UTC)[+-]?(?!0{1,2}$)\d|^SystemV\//i.test(name);
  const isAbbreviation = /^[A-Z]{3}$/i.test(name) && !SHORT_ZONES.has(name.toUpperCase());
  if (isOffset || isAbbreviation) {
    return invalid(
      "the name of a place's zone, such as America/New_York: a fixed offset or an abbreviation hides the changes of daylight saving time",
    );
  }
  const found = zoneNamed(name);
  return found === null ? invalid("an IANA time zone such as UTC or America/New_York") : valid(found);
});

/** The zone in the usual case, since Snowflake heeds it; null: there is none. A former name stays as it is. */
function zoneNamed(name: string): string | null {
  if (!/^[A-Za-z]/.test(name)) return null;
  // The default. Node takes 15 ms to load its list of zones.
  if (/^utc$/i.test(name)) return "UTC";
  try {
    const canonical = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
    return canonical.toLowerCase() === name.toLowerCase() ? canonical : name;
  } catch {
    return null;
  }
}

export const destination: Parser<Destination> = parser<Destination>("destination", (place, { cwd }) => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(place)?.[1];
  if (scheme === undefined) {
    if (/^(?:s3:|s3\/\/|arn:)/i.test(place)) return invalid("s3://bucket/prefix with s3:// at its beginning");
    const problem = pathProblem(place);
    return problem === null ? valid({ kind: "folder", path: resolve(cwd, place) }) : invalid(problem);
  }
  const expected =
    "s3://bucket/prefix with a bucket of 3 to 63 lower-case letters, digits, dots and hyphens, or a folder";
  if (scheme !== "s3") return invalid(expected);
  if (place.includes("${")) return invalid("s3://bucket/prefix without a variable: variables are not replaced here");
  const [bucket = "", ...segments] = place.slice("s3://".length).replace(/\/+$/, "").split("/");
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return invalid(expected);
  // S3 accepts such keys, but they look like other keys in every listing, and proxies normalize them.
  const isClean = segments.every((segment) => segment !== "" && segment !== "." && segment !== "..");
  return isClean
    ? valid({ kind: "s3", bucket, prefix: segments.join("/") })
    : invalid("s3://bucket/prefix whose prefix has no empty, `.` or `..` segment");
});

/** The warehouse as one setting names it; Snowflake has more settings. */
export type WarehouseChoice = Exclude<EtlConfig["warehouse"], SnowflakeConfig> | Pick<SnowflakeConfig, "kind">;

export const warehouse: Parser<WarehouseChoice> = parser<WarehouseChoice>("warehouse", (name, context) => {
  if (name === "none" || name === "snowflake") return valid({ kind: name });
  const file = /^duckdb:(.+)$/.exec(name)?.[1];
  // A database in memory would be gone after the run, and its watermarks with it.
  if (file === undefined || file.startsWith(":memory:") || file.startsWith("//")) {
    return invalid("none, snowflake or duckdb: with the path of a file, such as duckdb:./warehouse.duckdb");
  }
  if (hasQuote(file)) return invalid(UNQUOTED);
  const parsed = parsePath(file, context);
  return parsed.ok ? valid({ kind: "duckdb", path: parsed.value }) : parsed;
});

export const snsTopic: Parser<SnsTopic> = parser("sns-topic", (arn) => {
  // A FIFO topic, whose name ends in .fifo, delivers neither to email nor to phones.
  const region = /^arn:aws[a-z-]*:sns:([a-z]{2,}(?:-[a-z0-9]+)+):\d{12}:[A-Za-z0-9_-]{1,256}$/.exec(arn)?.[1];
  return region === undefined
    ? invalid("the ARN of a standard topic, such as arn:aws:sns:eu-central-1:123456789012:pardot-etl")
    : valid({ arn, region });
});

export const snowflakeAccount: Parser<string> = parser("snowflake-account", (account) =>
  // The driver's own pattern; it adds the rest of the host name itself.
  /^\w+([.-]\w+)*$/.test(account) && !/snowflakecomputing/i.test(account)
    ? valid(account)
    : invalid("an account identifier such as acme-prod or xy12345.eu-central-1, without .snowflakecomputing.com"),
);

export const snowflakeHost: Parser<URL> = parser("snowflake-host", (address) => {
  const url = parseOrigin(address);
  return url === null
    ? invalid(
        "an https:// address without path, such as https://acme-prod.snowflakecomputing.com; http:// only for loopback",
      )
    : valid(url);
});
