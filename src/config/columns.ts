import type { CatalogEntry, CatalogObject } from "../catalog/catalog.ts";
import { neededColumns, plainName, protectColumns, protectItems } from "../catalog/protect.ts";
import type { Problem } from "../errors.ts";
import { describeValue, isMap } from "./file.ts";
import type { ReadSettings } from "./settings-reader.ts";
import { closestMatch, didYouMean } from "./suggest.ts";

// The section `columns` of the file: `columns: { Prospect: { drop: [phone], hash: [email] } }`.

interface Choice {
  readonly drop: readonly string[];
  readonly hash: readonly string[];
}

interface Given {
  /** Every object, whether or not the version of the API offers it. */
  readonly entries: readonly CatalogEntry[];
  /** Names of the chosen objects. */
  readonly chosen: readonly string[];
  readonly columns: ReadSettings["columns"];
}

type Report = (path: readonly string[], value: string | null, expected: string) => void;

const LISTS = ["drop", "hash"] as const;

/**
 * The catalog without the columns that the file drops, and with those that it hashes as text. Reports everything that does
 * not fit: unknown names, columns that are needed, and columns in both lists.
 */
export function protectedCatalog(
  catalog: readonly CatalogObject[],
  { entries, chosen, columns }: Given,
  problems: Problem[],
): readonly CatalogObject[] {
  const { given, file } = columns;
  if (given === undefined || given === null) return catalog;
  const report: Report = (path, value, expected) => {
    problems.push({ path: `${["columns", ...path].join(".")} (${file})`, value, expected });
  };
  if (!isMap(given)) {
    report([], found(given), "a map from an object's name to the columns to drop and to hash");
    return catalog;
  }
  const choices = new Map<string, Choice>();
  for (const [name, lists] of Object.entries(given)) {
    const entry = entries.find((one) => one.name === name);
    if (entry === undefined) {
      const names = entries.map((one) => one.name);
      report([name], name, `an object of the catalog${didYouMean(name, names)}`);
      continue;
    }
    const choice = readChoice(name, lists, report);
    choices.set(name, choice);
    const object = catalog.find((one) => one.name === name);
    const emails = catalog.filter((one) => one.way.process === "email" && chosen.includes(one.name));
    checkChoice(entry, choice, neededBy(object, emails), report);
  }
  const isEmpty = ({ drop, hash }: Choice): boolean => drop.length + hash.length === 0;
  return catalog.map((object) => {
    const choice = withInherited(object, choices.get(object.name), catalog, choices);
    const whole = isEmpty(choice) ? object : protectColumns(object, choice);
    return [...choices]
      .filter(([, of]) => !isEmpty(of))
      .reduce((protectedSoFar, [name, of]) => protectItems(protectedSoFar, name, of), whole);
  });
}

/** A choice with that for the object whose deleted records these are, as far as the columns are not needed here. */
function withInherited(
  object: CatalogObject,
  own: Choice = { drop: [], hash: [] },
  catalog: readonly CatalogObject[],
  choices: ReadonlyMap<string, Choice>,
): Choice {
  const live = catalog.find(({ way }) => way.api === "v4" && way.deletedIn === object.name);
  const inherited = live === undefined ? undefined : choices.get(live.name);
  if (inherited === undefined) return own;
  const needed = neededColumns(object);
  const names = new Set(object.columns.map(({ name }) => name).filter((name) => !needed.has(name)));
  const isFree = (name: string): boolean => names.has(name) && !own.drop.includes(name) && !own.hash.includes(name);
  return {
    drop: [...own.drop, ...inherited.drop.filter(isFree)],
    hash: [...own.hash, ...inherited.hash.filter(isFree)],
  };
}

/** Whether the section hashes any column, as far as it can be read. */
export function hashesColumns(given: unknown): boolean {
  if (!isMap(given)) return false;
  return Object.values(given).some((lists) => isMap(lists) && Array.isArray(lists["hash"]) && lists["hash"].length > 0);
}

function readChoice(object: string, lists: unknown, report: Report): Choice {
  if (!isMap(lists)) {
    if (lists !== null) report([object], found(lists), "a map with the lists drop and hash");
    return { drop: [], hash: [] };
  }
  for (const key of Object.keys(lists)) {
    if (LISTS.some((list) => list === key)) continue;
    report([object, key], key, `drop or hash${didYouMean(key, LISTS)}`);
  }
  const [drop = [], hash = []] = LISTS.map((key) => readNames(object, key, lists[key], report));
  return { drop, hash };
}

function readNames(object: string, key: string, names: unknown, report: Report): readonly string[] {
  if (names === undefined || names === null) return [];
  const isList = Array.isArray(names) && names.every((name) => typeof name === "string" && name.trim() !== "");
  if (isList) return (names as readonly string[]).map((name) => name.trim());
  report([object, key], found(names), "a list of names of columns, such as [phone, email]");
  return [];
}

/** What is there instead of a list or a map. */
function found(given: unknown): string {
  return typeof given === "string" ? given : describeValue(given);
}

/** The columns that may be neither dropped nor hashed, each with the reason. */
function neededBy(object: CatalogObject | undefined, emails: readonly CatalogObject[]): ReadonlyMap<string, string> {
  if (object === undefined) return new Map();
  const needed = new Map(neededColumns(object));
  const { emailPairs } = object.way;
  const [email] = emails;
  if (emailPairs === undefined || email === undefined) return needed;
  for (const name of [emailPairs.listEmail, emailPairs.email]) {
    needed.set(name, `${email.name} is chosen, and finds its emails by it`);
  }
  return needed;
}

function checkChoice(
  entry: CatalogEntry,
  { drop, hash }: Choice,
  needed: ReadonlyMap<string, string>,
  report: Report,
): void {
  const { name: object, key, watermark } = entry;
  const both = new Set(drop.map(plainName).filter((name) => hash.some((other) => plainName(other) === name)));
  for (const [list, names] of [
    ["drop", drop],
    ["hash", hash],
  ] as const) {
    for (const name of names) {
      const unknown = unknownColumn(entry, name);
      const reason =
        needed.get(name) ??
        (name === key ? "it identifies the records" : name === watermark ? "the next range starts at it" : null);
      if (unknown !== null) report([object, list], name, unknown);
      else if (reason !== null) report([object, list], name, `another column: ${name} is needed, because ${reason}`);
      else if (list === "hash" && both.has(plainName(name))) {
        report([object, list], name, "a column in one of the lists; it is in drop, too");
      }
    }
  }
}

/**
 * What was expected instead of a name that no column has; null if it is one, or may be that of a custom field. Those are
 * not known here, so a name that is close to a column's is taken for a slip, unless it ends with `__c`.
 */
function unknownColumn(entry: CatalogEntry, name: string): string | null {
  const names = entry.columns.map((column) => column.name);
  if (names.includes(name)) return null;
  const guess = closestMatch(name, names);
  const hasCustom = [entry.v4, entry.v5].some(
    (way) => way !== null && "customFields" in way && way.customFields !== undefined && way.customFields !== null,
  );
  if (!hasCustom) return `a column of ${entry.name}${didYouMean(name, names)}`;
  if (/__c$/i.test(name) || guess === null) return null;
  return `a column or a custom field of ${entry.name}; did you mean ${guess}? If it is a custom field, write ${name}__c`;
}
