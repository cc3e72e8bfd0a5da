import { describe, expect, test } from "vitest";
import { GOOD, load, problemsOf, useConfigFolder } from "../../test/kit/config-rig.ts";
import type { CatalogEntry } from "../catalog/catalog.ts";
import { entries } from "../catalog/index.ts";
import type { ApiVersion } from "../catalog/versions.ts";
import { objects, selectObjects } from "./selection.ts";

useConfigFolder();

// With an object of deleted records, which v5 lacks, in place of EmailClick's.
const some: readonly CatalogEntry[] = entries
  .filter(({ name }) => ["Visitor", "Tag", "EmailClick", "VisitorPageView", "LifecycleStage"].includes(name))
  .concat(entries.filter(({ name }) => name === "Tag").map((tag) => ({ ...tag, name: "TagDeleted", core: false })));

function chosen(list: string, version: ApiVersion = "auto"): readonly string[] | string {
  const parsed = objects.parse(list, { cwd: "/", objects: some });
  const selected = parsed.ok ? selectObjects(parsed.value, some, version) : parsed;
  return selected.ok ? selected.value : selected.expected;
}

describe("a list of objects", () => {
  test.each<[string, readonly string[]]>([
    ["Tag", ["Tag"]],
    ["tag, LIFECYCLESTAGE", ["Tag", "LifecycleStage"]],
    ["lifecyclestage,tag,Tag", ["Tag", "LifecycleStage"]],
    ["Tag,,LifecycleStage,", ["Tag", "LifecycleStage"]],
    ["core", ["Visitor", "Tag", "EmailClick"]],
    ["CORE,lifecycleStage", ["Visitor", "Tag", "EmailClick", "LifecycleStage"]],
    ["deletes", ["TagDeleted"]],
    ["all", ["Visitor", "Tag", "EmailClick", "VisitorPageView", "LifecycleStage", "TagDeleted"]],
    ["visit*", ["Visitor", "VisitorPageView"]],
    ["*a*i*", ["EmailClick", "VisitorPageView"]],
    ["***", ["Visitor", "Tag", "EmailClick", "VisitorPageView", "LifecycleStage", "TagDeleted"]],
    ["Ta?", ["Tag"]],
    ["core,-EmailClick", ["Visitor", "Tag"]],
    ["-emailclick,core", ["Visitor", "Tag"]],
    ["all,-core,-*Deleted", ["VisitorPageView", "LifecycleStage"]],
    ["Tag,-LifecycleStage", ["Tag"]],
  ])("%s selects, in plan order, %j", (list, names) => expect(chosen(list)).toEqual(names));

  test.each<[string, string]>([
    ["Tagg", "nothing matches Tagg; did you mean Tag?"],
    ["core,-EmailClik", "nothing matches EmailClik; did you mean EmailClick?"],
    ["croe", "did you mean core?"],
    ["Xyz*", "nothing matches Xyz*; `pardot-etl objects` lists them"],
    ["T.g", "nothing matches T.g"],
    ["-Tag", "exclude from, as in core,-Tag"],
    [" , ", "patterns (Visitor*)"],
    ["'Tag'", "without quotes"],
    ["Tag,-*a*", "excludes all that it selects"],
  ])("%s is refused: %s", (list, expected) => expect(chosen(list)).toContain(expected));
});

describe("a version of the API", () => {
  test.each<[ApiVersion, string, readonly string[] | string]>([
    ["4", "all", ["Visitor", "Tag", "EmailClick", "TagDeleted"]],
    ["3", "visit*", ["Visitor"]],
    ["4", "Tag,LifecycleStage", "objects that PARDOT_API_VERSION=4 offers; LifecycleStage needs auto or 5"],
    ["4", "all,VisitorP*", "objects that PARDOT_API_VERSION=4 offers; VisitorP* needs auto or 5"],
    ["4", "core,-LifecycleStage", ["Visitor", "Tag", "EmailClick"]],
    ["5", "EmailClick", ["EmailClick"]],
  ])("%s makes %s %j", (version, list, expected) => expect(chosen(list, version)).toEqual(expected));

  test.each<[ApiVersion, string, readonly string[]]>([
    ["auto", "all", ["ListEmailStats"]],
    ["5", "all", ["ListEmailStats"]],
    ["4", "all", ["EmailStats"]],
    ["auto", "all,EmailStats", ["EmailStats", "ListEmailStats"]],
    ["auto", "core,emailstats", ["EmailStats"]],
    ["5", "all,email*", ["EmailStats", "ListEmailStats"]],
    ["auto", "*", ["EmailStats", "ListEmailStats"]],
  ])("%s reads by %s the statistics of each list email from %j", (version, list, names) => {
    const selected = selectObjects(list, entries, version);
    expect(selected.ok && selected.value.filter((name) => name.endsWith("Stats"))).toEqual(names);
  });

  test("whose statistics an override takes away reads the others", () => {
    const changed = entries.map((entry) => (entry.name === "ListEmailStats" ? { ...entry, v5: null } : entry));
    const selected = selectObjects("all", changed, "auto");
    expect(selected.ok && selected.value).toContain("EmailStats");
  });

  test("that an override leaves no way is none that offers an object", () => {
    const none = some.map((entry) => (entry.name === "Tag" ? { ...entry, v4: null, v5: null } : entry));
    const refused = selectObjects("Tag", none, "auto");
    expect(refused.ok ? refused : refused.expected).toContain("Tag is in none");
  });
});

describe("the configuration", () => {
  test("takes the words from variable, argument and file, as text or list", async () => {
    const { etl } = await load({ env: { ...GOOD, PARDOT_ETL_OBJECTS: "tag,visitor*,-VisitorActivity" } });
    expect(etl.objects).toEqual(["Visitor", "Tag", "VisitorPageView"]);
    const option = { option: "object (argument)", text: "account,core,-t*" };
    const both = await load({
      env: GOOD,
      file: "etl: { objects: [core, -EmailClick] }",
      options: { PARDOT_ETL_OBJECTS: option },
    });
    expect(both.etl.objects).toHaveLength(12);
    expect(both.etl.configuredObjects).toHaveLength(13);
    expect(both.etl.configuredObjects).not.toContain("EmailClick");
    const text = await load({ env: GOOD, file: "etl: { objects: 'Tag, list' }" });
    expect(text.etl.objects).toEqual(["Tag", "List"]);
  });

  test("names the place of what the version of another place lacks, also below an argument", async () => {
    const env = { ...GOOD, PARDOT_API_VERSION: "4" };
    const file = "etl: { objects: [Tag, LifecycleStage] }";
    const expected = "objects that PARDOT_API_VERSION=4 offers; LifecycleStage needs auto or 5";
    const problem = { path: "etl.objects (pardot-etl.yaml)", value: "Tag,LifecycleStage", expected };
    expect(await problemsOf({ env, file })).toEqual([problem]);
    const options = { PARDOT_ETL_OBJECTS: { option: "object (argument)", text: "Tag" } };
    expect(await problemsOf({ env, file, options })).toEqual([problem]);
  });
});
