import type { CatalogEntry } from "../catalog/catalog.ts";
import { groupsOf } from "../catalog/facts.ts";
import type { ApiVersion } from "../catalog/versions.ts";
import { selectWays } from "../catalog/versions.ts";
import { invalid, valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";
import { parser } from "./parsers.ts";
import type { Parser } from "./parsers.ts";
import { closestMatch } from "./suggest.ts";

const EXPECTED =
  "a comma-separated list of objects, groups (core, deletes, all), patterns (Visitor*), exclusions (-EmailClick)";

/**
 * A list whose words all fit the catalog. What it selects depends on the version of the API, which is another setting.
 */
export const objects: Parser<string> = parser(
  "objects",
  (list, { objects: entries }) => {
    const words = wordsOf(list);
    const unknown = words.find(({ fits }) => !entries.some((entry) => fits(entry)));
    if (unknown !== undefined) {
      const guess = closestMatch(unknown.name, ["core", "deletes", "all", ...entries.map(({ name }) => name)]);
      const help = guess === null ? "`pardot-etl objects` lists them" : `did you mean ${guess}?`;
      return invalid(`${EXPECTED}; nothing matches ${unknown.name}; ${help}`);
    }
    if (words.some(({ isExcluded }) => !isExcluded)) return valid(list);
    return invalid(words.length === 0 ? EXPECTED : `${EXPECTED} with something to exclude from, as in core,${list}`);
  },
  "list",
);

/**
 * The names of the objects that a list selects among those that a version of the API offers, in the catalog's order,
 * which is plan order. `list`: as `objects` accepts it. Invalid: a word that selects none of them, or all are excluded
 * again.
 */
export function selectObjects(
  list: string,
  entries: readonly CatalogEntry[],
  version: ApiVersion,
): Parsed<readonly string[]> {
  const words = wordsOf(list);
  const offered = selectWays(entries, version);
  const absent = words.find(({ isExcluded, fits }) => !isExcluded && !offered.some((object) => fits(object)));
  if (absent !== undefined) {
    const others = (["auto", "4", "5"] as const).filter((other) =>
      selectWays(entries, other).some((object) => absent.fits(object)),
    );
    const needed = others.length === 0 ? "is in none" : `needs ${others.join(" or ")}`;
    return invalid(`objects that PARDOT_API_VERSION=${version} offers; ${absent.name} ${needed}`);
  }
  const chosen = offered.filter(
    (object) =>
      words.some(({ isExcluded, fits }) => !isExcluded && fits(object, offered)) &&
      !words.some(({ isExcluded, fits }) => isExcluded && fits(object)),
  );
  return chosen.length === 0
    ? invalid("a list that leaves at least one object; this one excludes all that it selects")
    : valid(chosen.map(({ name }) => name));
}

type Selectable = Pick<CatalogEntry, "name" | "core">;

/** A word of a list: a name, group or pattern, perhaps after a `-`. */
interface Word {
  readonly name: string;
  readonly isExcluded: boolean;
  /** `offered`: as `groupsOf` takes it; without it groups are whole. */
  readonly fits: (object: Selectable, offered?: readonly Selectable[]) => boolean;
}

/** Empty words are left out: a shell makes them of `run Tag, List`. */
function wordsOf(list: string): readonly Word[] {
  const words = list.split(",").map((word) => word.trim());
  return words.filter((word) => word !== "").map(wordOf);
}

function wordOf(word: string): Word {
  const isExcluded = word.startsWith("-");
  const name = isExcluded ? word.slice(1).trim() : word;
  const literal = name.replaceAll(/[^*?\w]/g, String.raw`\$&`);
  const pattern = new RegExp(`^${literal.replaceAll(/\*+/g, ".*").replaceAll("?", ".")}$`, "i");
  const group = name.toLowerCase();
  const fits: Word["fits"] = (object, offered = []) =>
    groupsOf(object, offered).includes(group) || pattern.test(object.name);
  return { name, isExcluded, fits };
}
