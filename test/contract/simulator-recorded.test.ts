import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { OBJECTS } from "../../src/simulator/objects/objects.ts";
import { connect, elements, parseXml } from "../kit/simulator-client.ts";
import type { XmlNode } from "../kit/simulator-client.ts";

const RECORDED = new URL("../fixtures/recorded/", import.meta.url);
const xmlFiles = ["crim-pardot-java-client", "official-docs", "github-issues"].flatMap((folder) =>
  readdirSync(new URL(folder, RECORDED))
    .filter((name) => name.endsWith(".xml"))
    .map((name) => `${folder}/${name}`),
);

const recorded = (file: string): XmlNode => parseXml(readFileSync(new URL(file, RECORDED), "utf8"));

/** Names in the order of appearance, each once. */
const names = (node: XmlNode): string[] => [...new Set(node.children.map(({ name }) => name))];

const isSubsequence = (part: readonly string[], whole: readonly string[]): boolean => {
  let at = 0;
  for (const name of whole) if (name === part[at]) at += 1;
  return at === part.length;
};

/** Custom fields have other names, and the vendor mixes them between the nodes. */
const OF_THE_ACCOUNT = /^(CustomMultiSelectField|My\w*Custom_Field|.*__c)$/;

test.each(OBJECTS.map((model) => [model.name, model] as const))(
  "every recorded record of %s has only fields of the simulator, in its order",
  (_, model) => {
    const fields = model.body.map(({ name }) => name);
    const found = xmlFiles.flatMap((file) => elements(recorded(file), model.dataKey).map((node) => ({ file, node })));
    for (const { file, node } of found) {
      const seen = names(node).filter((name) => !OF_THE_ACCOUNT.test(name));
      // Nested short forms (the prospect of an opportunity) have a few of the fields in another order.
      if (!seen.includes("created_at") && model.columns.some(({ name }) => name === "created_at")) continue;
      expect(isSubsequence(seen, fields), `${file}: ${seen.join()} in ${fields.join()}`).toBe(true);
    }
  },
);

test("envelopes are as recorded: root, attributes, result, total_results, repeated records", async () => {
  await using client = await connect();
  const shape = (node: XmlNode): unknown => [node.name, node.attributes, names(node)];
  const query = parseXml((await client.call("/api/tag/version/4/do/query?sort_by=id")).text);
  const sample = recorded("crim-pardot-java-client/tagQuery.xml");
  expect(shape(query)).toEqual(shape(sample));
  const [result, sampleResult] = [query.children[0], sample.children[0]];
  expect(result === undefined || sampleResult === undefined ? null : shape(result)).toEqual(
    shape(sampleResult as XmlNode),
  );
  const [tag, sampleTag] = [elements(query, "tag")[0], elements(sample, "tag")[0]];
  expect(shape(tag as XmlNode)).toEqual(shape(sampleTag as XmlNode));
  const id = elements(query, "id")[0]?.text ?? "";
  const read = parseXml((await client.call(`/api/tag/version/4/do/read/id/${id}`)).text);
  expect(shape(read)).toEqual(shape(recorded("crim-pardot-java-client/tagRead.xml")));
  const account = parseXml((await client.call("/api/account/version/4/do/read")).text);
  const sampleAccount = recorded("crim-pardot-java-client/accountRead.xml");
  expect(shape(account.children[0] as XmlNode)).toEqual(shape(sampleAccount.children[0] as XmlNode));
  const error = parseXml((await client.call("/api/tag/version/4/do/query?limit=x")).text);
  const sampleError = recorded("crim-pardot-java-client/error.xml");
  expect([error.name, error.attributes, names(error)]).toEqual([sampleError.name, sampleError.attributes, ["err"]]);
});

test("bulk JSON has the keys of the vendor's sample", async () => {
  const sample = JSON.parse(
    readFileSync(new URL("official-docs/visitorActivity-query-bulk.json", RECORDED), "utf8"),
  ) as {
    result: { visitor_activity: Record<string, unknown>[] };
  };
  await using client = await connect();
  const answer = await client.json(
    "/api/visitorActivity/version/4/do/query?output=bulk&type=1&email_only=true&limit=50",
  );
  expect(Object.keys(answer).toSorted()).toEqual(Object.keys(sample).toSorted());
  expect(Object.keys(answer.result ?? {})).toEqual(Object.keys(sample.result));
  const rows = answer.result?.["visitor_activity"] as Record<string, unknown>[];
  const wanted = Object.keys(sample.result.visitor_activity[0] ?? {});
  expect(rows.some((row) => isSubsequence(wanted, Object.keys(row)))).toBe(true);
});

test("token errors are among the recorded ones", async () => {
  const collected = JSON.parse(readFileSync(new URL("salesforce-oauth/token-errors.json", RECORDED), "utf8")) as {
    http: number;
    body: Record<string, string>;
  }[];
  await using client = await connect();
  for (const change of [{ client_id: "x" }, { client_secret: "x" }, { refresh_token: "x" }, { grant_type: "x" }]) {
    const { REFRESH } = await import("../kit/simulator-client.ts");
    const { status, body } = await client.token({ ...REFRESH, ...change });
    expect(collected.map((pair) => ({ status: pair.http, body: pair.body }))).toContainEqual({ status, body });
  }
});
