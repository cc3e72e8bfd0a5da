import { resolve } from "node:path";
import { isLoopback } from "../platform/address.ts";
import type { Destination, EtlConfig, SnowflakeConfig, SnsTopic } from "./config.ts";
import { parseDuration } from "./duration.ts";
import { isReference } from "../secrets/reference.ts";
import { Secret } from "../secrets/secret.ts";
import type { Setting, SettingKind } from "./settings.ts";
import { parseSize } from "./size.ts";
import { nearest } from "./suggest.ts";
import {
  quotedValue,
  unmeantApiHost,
  unmeantDestination,
  unmeantLoginHost,
  unmeantPath,
  unmeantZone,
} from "./unmeant.ts";
import type { Invalid, Parsed } from "../errors.ts";

/** What a text of each kind becomes. */
export interface ValueTypes {
  readonly "api-host": URL;
  readonly boolean: boolean;
  readonly "business-unit": string;
  readonly choice: string;
  readonly destination: Destination;
  /** Milliseconds. */
  readonly duration: number;
  readonly integer: number;
  readonly "login-host": URL;
  /** Names from the catalogue in its order, which is plan order. */
  readonly objects: readonly string[];
  /** Absolute. */
  readonly path: string;
  /** 0 to 1. */
  readonly percent: number;
  readonly secret: Secret;
  /** Bytes. */
  readonly size: number;
  readonly "snowflake-account": string;
  readonly "snowflake-host": URL;
  readonly "sns-topic": SnsTopic;
  readonly text: string;
  readonly warehouse: WarehouseChoice;
  readonly zone: string;
}

/** What is said of the warehouse in one setting; a Snowflake has settings of its own. */
export type WarehouseChoice = Exclude<EtlConfig["warehouse"], SnowflakeConfig> | Pick<SnowflakeConfig, "kind">;

export interface ReadContext {
  /** What relative paths start from: the working folder. */
  readonly cwd: string;
  /** The catalogue's names and which of them `core` selects. */
  readonly objects: readonly { readonly name: string; readonly core: boolean }[];
}

type Reader<Kind extends SettingKind> = (
  text: string,
  setting: Setting,
  context: ReadContext,
) => Parsed<ValueTypes[Kind]>;

const accept = <Value>(value: Value): Parsed<Value> => ({ ok: true, value });
const refuse = (expected: string): Invalid => ({ ok: false, expected });

const READERS: { readonly [Kind in SettingKind]: Reader<Kind> } = {
  "api-host": (text) => {
    const url = readHost(text);
    const unmeant = url === null ? null : unmeantApiHost(url.hostname);
    if (unmeant !== null) return refuse(unmeant);
    const known = url !== null && (url.hostname.endsWith(".pardot.com") || isLoopback(url));
    return known ? accept(url) : refuse("https://pi.pardot.com, https://pi.demo.pardot.com or a loopback address");
  },
  boolean: (text) => (text === "true" || text === "false" ? accept(text === "true") : refuse("true or false")),
  "business-unit": (text) =>
    /^0Uv[0-9A-Za-z]{15}$/.test(text) ? accept(text) : refuse("18 letters and digits that start with 0Uv"),
  choice: (text, setting) => {
    const wanted = setting.anyCase === true ? text.toUpperCase() : text;
    return setting.choices?.includes(wanted) === true ? accept(wanted) : refuse(oneOf(setting.choices ?? []));
  },
  destination: readDestination,
  duration: (text, setting) => {
    const bounds = readBounds(setting, parseDuration);
    return inBounds(parseDuration(text), bounds) ?? refuse(`a duration such as 90s, 5m, 6h or 1d, ${bounds.text}`);
  },
  integer: (text, setting) => {
    const bounds = readBounds(setting, Number);
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : null;
    return inBounds(value, bounds) ?? refuse(`a whole number ${bounds.text}`);
  },
  "login-host": (text) => {
    const url = readHost(text);
    if (url === null) {
      return refuse(
        "an https:// address without path, such as https://login.salesforce.com; http:// only for loopback",
      );
    }
    const unmeant = unmeantLoginHost(url.hostname);
    return unmeant === null ? accept(url) : refuse(unmeant);
  },
  objects: readObjects,
  path: (text, _setting, context) => readPath(text, context),
  percent: (text, setting) => {
    const bounds = readBounds(setting, parsePercent);
    return inBounds(parsePercent(text), bounds) ?? refuse(`a percentage such as 80%, ${bounds.text}`);
  },
  // References in settings are read before (load.ts); here one stands where a reference led.
  secret: (text) =>
    isReference(text) ? refuse("the secret itself; a reference leads to another reference") : accept(new Secret(text)),
  size: (text, setting) => {
    const bounds = readBounds(setting, parseSize);
    return inBounds(parseSize(text), bounds) ?? refuse(`a size such as 16MB or 16MiB, ${bounds.text}`);
  },
  "snowflake-account": (text) =>
    // The driver's own pattern; what follows the account in the host name it adds by itself.
    /^\w+([.-]\w+)*$/.test(text) && !/snowflakecomputing/i.test(text)
      ? accept(text)
      : refuse("an account identifier such as acme-prod or xy12345.eu-central-1, without .snowflakecomputing.com"),
  "snowflake-host": (text) => {
    const url = readHost(text);
    return url === null
      ? refuse(
          "an https:// address without path, such as https://acme-prod.snowflakecomputing.com; http:// only for loopback",
        )
      : accept(url);
  },
  "sns-topic": (text) => {
    // A FIFO topic, whose name ends in .fifo, reaches neither e-mail nor telephone.
    const region = /^arn:aws[a-z-]*:sns:([a-z]{2,}(?:-[a-z0-9]+)+):\d{12}:[A-Za-z0-9_-]{1,256}$/.exec(text)?.[1];
    return region === undefined
      ? refuse("the ARN of a standard topic, such as arn:aws:sns:eu-central-1:123456789012:pardot-etl")
      : accept({ arn: text, region });
  },
  text: (text) => accept(text),
  warehouse: (text, setting, context) => {
    const path = /^duckdb:(.+)$/.exec(text)?.[1];
    if (text === "none" || text === "snowflake") return accept({ kind: text });
    // A database in memory would be gone after the run, and its watermarks with it.
    const expected = "none, snowflake or duckdb: with the path of a file, such as duckdb:./warehouse.duckdb";
    if (path === undefined || path.startsWith(":memory:") || path.startsWith("//")) return refuse(expected);
    const quotes = quotedValue(path, setting);
    const reading = quotes === null ? readPath(path, context) : refuse(quotes);
    return reading.ok ? accept({ kind: "duckdb", path: reading.value }) : reading;
  },
  zone: (text) => {
    const unmeant = unmeantZone(text);
    if (unmeant !== null) return refuse(unmeant);
    return isZone(text) ? accept(text) : refuse("an IANA time zone such as UTC or America/New_York");
  },
};

/** Reads a setting's text; the text is trimmed by the caller and not empty. */
export function readValue<Kind extends SettingKind>(
  kind: Kind,
  text: string,
  setting: Setting,
  context: ReadContext,
): Parsed<ValueTypes[Kind]> {
  const unmeant = quotedValue(text, setting);
  return unmeant === null ? READERS[kind](text, setting, context) : refuse(unmeant);
}

/** `one of none, gzip, zstd`; a single choice stands alone. */
export function oneOf(choices: readonly string[]): string {
  return choices.length === 1 ? (choices[0] ?? "") : `one of ${choices.join(", ")}`;
}

/** An origin over TLS, or over plain HTTP to loopback; credentials, path and query would go astray, so none. */
function readHost(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
  const isBare = url.href === `${url.origin}/`;
  return isSafe && isBare ? url : null;
}

function readPath(text: string, context: ReadContext): Parsed<string> {
  const unmeant = unmeantPath(text);
  return unmeant === null ? accept(resolve(context.cwd, text)) : refuse(unmeant);
}

/** Reads `80%` as 0.8; null for anything else: 0.8 alone could be less than one percent. */
function parsePercent(text: string): number | null {
  const digits = /^(\d{1,3})%$/.exec(text)?.[1];
  return digits === undefined ? null : Number(digits) / 100;
}

function readDestination(text: string, _setting: Setting, context: ReadContext): Parsed<Destination> {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  const unmeant = scheme === undefined || scheme === "s3" ? unmeantDestination(text) : null;
  if (unmeant !== null) return refuse(unmeant);
  if (scheme === undefined) return accept({ kind: "folder", path: resolve(context.cwd, text) });
  const expected =
    "s3://bucket/prefix with a bucket of 3 to 63 lower-case letters, digits, dots and hyphens, or a folder";
  if (scheme !== "s3") return refuse(expected);
  const [bucket = "", ...segments] = text.slice("s3://".length).replace(/\/+$/, "").split("/");
  const isBucket = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket);
  if (!isBucket) return refuse(expected);
  // S3 takes such keys, but they look like others in every listing, and proxies fold them.
  const isClean = segments.every((segment) => segment !== "" && segment !== "." && segment !== "..");
  return isClean
    ? accept({ kind: "s3", bucket, prefix: segments.join("/") })
    : refuse("s3://bucket/prefix whose prefix has no empty, `.` or `..` segment");
}

function readObjects(text: string, _setting: Setting, context: ReadContext): Parsed<readonly string[]> {
  const known = context.objects.map((object) => object.name);
  const words = text.split(",").map((word) => word.trim());
  const unknown = words.find((word) => word !== "core" && word !== "all" && !known.includes(word));
  if (unknown !== undefined) {
    const guess = nearest(unknown, ["core", "all", ...known]);
    const words_ = `core, all or names among ${known.join(", ")}`;
    return refuse(guess === null ? words_ : `${words_}; did you mean ${guess}?`);
  }
  const isChosen = (object: { readonly name: string; readonly core: boolean }): boolean =>
    words.includes("all") || (object.core && words.includes("core")) || words.includes(object.name);
  return accept(context.objects.filter((object) => isChosen(object)).map((object) => object.name));
}

/** Offsets such as +02:00 are no zone: they would hide a change to summer time. */
function isZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly text: string;
}

function readBounds(setting: Setting, read: (text: string) => number | null): Bounds {
  const { min, max } = setting;
  return {
    min: (min === undefined ? null : read(String(min))) ?? Number.NEGATIVE_INFINITY,
    max: (max === undefined ? null : read(String(max))) ?? Number.POSITIVE_INFINITY,
    text: `from ${String(min)} to ${String(max)}`,
  };
}

function inBounds(value: number | null, bounds: Bounds): Parsed<number> | null {
  return value !== null && value >= bounds.min && value <= bounds.max ? accept(value) : null;
}
