import { describe, expect, it } from "vitest";
import { TABLES } from "./sections.ts";
import { GOOD, load, problemsOf, useConfigFolder } from "../../test/kit/config-rig.ts";

useConfigFolder();

const KEY = { ...GOOD, PARDOT_ETL_HASH_KEY: "a long random text" };
const PLACE = "(pardot-etl.yaml)";

describe("columns to drop and to hash", () => {
  it("leave the catalog's columns, hashed ones as text, and keep the names of custom fields", async () => {
    const file = "columns: {Prospect: {drop: [phone, My_Field], hash: [email, score]}, Tag: {hash: [name]}}";
    const { catalog, etl } = await load({ file, env: KEY });
    const prospect = catalog.find(({ name }) => name === "Prospect");
    expect(prospect?.columns.map(({ name }) => name)).not.toContain("phone");
    expect(prospect?.columns.find(({ name }) => name === "score")).toMatchObject({ type: "string", hashed: "integer" });
    expect(prospect?.columns.find(({ name }) => name === "fax")).toEqual({ name: "fax", type: "string" });
    expect(prospect?.protect).toMatchObject({ drop: ["phone", "My_Field"], hash: ["email", "score"] });
    expect(etl.hashKey?.reveal()).toBe(KEY.PARDOT_ETL_HASH_KEY);
    expect(JSON.stringify({ catalog, etl })).not.toContain(KEY.PARDOT_ETL_HASH_KEY);
  });

  it("of prospects cover the prospects of opportunities only where these have one of them", async () => {
    const opportunityWith = async (columns: string) => {
      const { catalog } = await load({ file: `columns: {Prospect: ${columns}}`, env: KEY });
      return catalog.find(({ name }) => name === "Opportunity");
    };
    expect((await opportunityWith("{drop: [phone], hash: [score]}"))?.protect).toBeUndefined();
    const hidden = (await opportunityWith("{drop: [company], hash: [email]}"))?.columns.at(-1)?.items;
    expect(hidden?.map(({ name, hashed }) => [name, hashed])).toEqual([
      ["id", undefined],
      ["first_name", undefined],
      ["last_name", undefined],
      ["email", "string"],
    ]);
  });

  it("are refused together, each with its place and what was expected", async () => {
    const file = [
      "columns:",
      "  Prospct: {drop: [phone]}",
      "  Tag: {hash: [nam, id, updated_at], dorp: [name]}",
      "  Prospect: {drop: [phone, emial], hash: [phone]}",
      "  List: {drop: name}",
      "  Form: [name]",
      "  VisitorActivity: {drop: [email_id], hash: [list_email_id, created_at]}",
    ].join("\n");
    const problems = await problemsOf({ file, env: { ...GOOD, PARDOT_ETL_FORMAT: "xml" } });
    expect(problems.map(({ path, value, expected }) => `${path}: ${String(value)}: ${expected}`)).toEqual([
      expect.stringMatching(/^PARDOT_ETL_FORMAT: xml: /),
      `columns.Prospct ${PLACE}: Prospct: an object of the catalog; did you mean Prospect?`,
      `columns.Tag.dorp ${PLACE}: dorp: drop or hash; did you mean drop?`,
      `columns.Tag.hash ${PLACE}: nam: a column of Tag; did you mean name?`,
      `columns.Tag.hash ${PLACE}: id: another column: id is needed, because it identifies the records`,
      `columns.Tag.hash ${PLACE}: updated_at: another column: updated_at is needed, because the next range starts at it`,
      `columns.Prospect.drop ${PLACE}: emial: a column or a custom field of Prospect; did you mean email? If it is a custom field, write emial__c`,
      `columns.Prospect.hash ${PLACE}: phone: a column in one of the lists; it is in drop, too`,
      `columns.List.drop ${PLACE}: name: a list of names of columns, such as [phone, email]`,
      `columns.Form ${PLACE}: a list: a map with the lists drop and hash`,
      `columns.VisitorActivity.drop ${PLACE}: email_id: another column: email_id is needed, because Email is chosen, and finds its emails by it`,
      `columns.VisitorActivity.hash ${PLACE}: list_email_id: another column: list_email_id is needed, because Email is chosen, and finds its emails by it`,
      `columns.VisitorActivity.hash ${PLACE}: created_at: another column: created_at is needed, because exports select by it`,
      "PARDOT_ETL_HASH_KEY: null: the key of the hashes, because the file hashes columns (here or as etl.hash_key in the file)",
    ]);
  });

  it("may be those that Email needs, while no object is read per email", async () => {
    const file = "columns: {VisitorActivity: {drop: [email_id], hash: [list_email_id]}}";
    await expect(load({ file, env: { ...KEY, PARDOT_ETL_OBJECTS: "VisitorActivity" } })).resolves.toBeDefined();
    const others = { ...KEY, PARDOT_ETL_OBJECTS: "VisitorActivity,EmailStats" };
    expect((await problemsOf({ file, env: others })).map(({ path }) => path)).toEqual([
      `columns.VisitorActivity.drop ${PLACE}`,
      `columns.VisitorActivity.hash ${PLACE}`,
    ]);
  });

  it("of API v5 are not those that reading needs: the order, deletion marks", async () => {
    const file =
      "columns: {Visit: {drop: [created_at]}, ListEmail: {drop: [is_deleted]}, LifecycleHistory: {drop: [created_at]}}";
    const paths = (await problemsOf({ file, env: { ...GOOD, PARDOT_ETL_OBJECTS: "all" } })).map(({ path }) => path);
    expect(paths).toContain(`columns.ListEmail.drop ${PLACE}`);
    expect(paths).toContain(`columns.LifecycleHistory.drop ${PLACE}`);
  });

  it("are not those whose values another column has, too", async () => {
    const columns =
      "[{name: id, type: integer}, {name: a, type: string, wire: x}, {name: b, type: string, wire: x.y}, {name: updated_at, type: datetime}]";
    const file = `catalog: {Tag: {columns: ${columns}}}\ncolumns: {Tag: {drop: [b], hash: [a]}}`;
    const problems = await problemsOf({ file, env: KEY });
    expect(problems).toEqual([
      {
        path: `columns.Tag.drop ${PLACE}`,
        value: "b",
        expected: "another column: b is needed, because a has its values, too",
      },
    ]);
  });

  it("take variables, and another spelling of a custom field counts as the same", async () => {
    const file = 'columns: {Prospect: {drop: ["${FIELD}", my_field], hash: [My_Field__c]}}';
    const problems = await problemsOf({ file, env: { ...KEY, FIELD: "phone" } });
    expect(problems).toEqual([
      {
        path: `columns.Prospect.hash ${PLACE}`,
        value: "My_Field__c",
        expected: "a column in one of the lists; it is in drop, too",
      },
    ]);
    expect(
      (await problemsOf({ file: 'columns: {Prospect: {drop: ["${FIELD}"]}}', env: GOOD })).map(({ path }) => path),
    ).toContain(`columns.Prospect.drop.0 ${PLACE}`);
  });

  it("need no key where nothing is hashed: for dropped columns, and for printing SQL", async () => {
    await expect(load({ file: "columns: {Prospect: {drop: [phone]}}", env: GOOD })).resolves.toBeDefined();
    await expect(load({ file: "columns:", env: GOOD })).resolves.toBeDefined();
    expect(TABLES.needsSecret("PARDOT_ETL_HASH_KEY")).toBe(false);
  });
});
