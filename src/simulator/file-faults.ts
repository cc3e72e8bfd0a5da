import type { FileFault } from "./faults.ts";

/** Placeholder for an invalid UTF-8 byte; no row contains it. */
export const SENTINEL = "\uE000";

interface WrongFile {
  /** The omitted column. */
  readonly without?: "key" | "watermark";
  /** The first text of the first record contains `SENTINEL`. */
  readonly sentinel?: boolean;
  readonly make: (csv: string, end: string) => string | Uint8Array;
}

/**
 * Faults inside a result file with status 200. Wrong headers: matomo-org/matomo issue 17821,
 * forcedotcom/CustomMetadataLoader issue 20; invalid UTF-8: snowplow/snowplow issue 412; a blank last line:
 * zazuko/cube-creator issue 1495. None is reported for Pardot.
 */
export const FILE_FAULTS: Readonly<Record<FileFault, WrongFile>> = {
  "title-header": { make: (csv) => withHeader(csv, (name) => name.split("_").map(titled).join(" ")) },
  "upper-header": { make: (csv) => withHeader(csv, (name) => name.toUpperCase()) },
  semicolons: { make: (csv) => csv.replaceAll(",", ";") },
  "no-header": { make: (csv, end) => csv.slice(csv.indexOf(end) + end.length) },
  "no-records": { make: (csv, end) => csv.slice(0, csv.indexOf(end) + end.length) },
  /** Only the columns that all objects share keep their names. */
  "other-object": { make: (csv) => withHeader(csv, (name) => (COMMON.has(name) ? name : `other_${name}`)) },
  "renamed-field": {
    make: (csv) => withHeader(csv, (name, names) => (name === lastOwn(names) ? `new_${name}` : name)),
  },
  "no-key": { without: "key", make: (csv) => csv },
  "no-watermark": { without: "watermark", make: (csv) => csv },
  "cut-last-field": { make: (csv, end) => csv.slice(0, -end.length - 6) },
  /** Ends inside the last record, after its first field. */
  "cut-record": {
    make: (csv, end) => csv.slice(0, csv.indexOf(",", csv.lastIndexOf(end, csv.length - end.length - 1)) + 1),
  },
  /** Ends after the last record but one. */
  "cut-line": { make: (csv, end) => csv.slice(0, csv.lastIndexOf(end, csv.length - end.length - 1) + end.length) },
  "mixed-ends": { make: (csv, end) => csv.slice(0, -end.length) + (end === "\n" ? "\r\n" : "\n") },
  "blank-last-line": { make: (csv, end) => csv + end },
  "broken-utf8": { sentinel: true, make: (csv) => withoutSentinel(csv) },
};

const COMMON = new Set(["id", "created_at", "updated_at"]);

function withHeader(csv: string, rename: (name: string, names: readonly string[]) => string): string {
  const header = /^[^\r\n]*/.exec(csv)?.[0] ?? "";
  const names = header.match(/\w+/g) ?? [];
  return header.replace(/\w+/g, (name) => rename(name, names)) + csv.slice(header.length);
}

/** The last column that only this object has. */
function lastOwn(names: readonly string[]): string | undefined {
  return names.findLast((name) => !COMMON.has(name));
}

function titled(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Replaces the sentinel with the first byte of a two-byte character. */
function withoutSentinel(csv: string): Uint8Array {
  const [before = "", ...after] = csv.split(SENTINEL);
  return Buffer.concat([Buffer.from(before), Buffer.from([0xc3]), Buffer.from(after.join(""))]);
}
