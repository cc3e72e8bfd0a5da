import { parse } from "csv-parse/sync";
import { parseXml, records, shown } from "./simulator-client.ts";
import type { SimulatorClient, XmlNode } from "./simulator-client.ts";

export type Row = Readonly<Record<string, unknown>>;

export const query = (object: string): string => `/api/${object}/version/4/do/query`;
export const truth = (client: SimulatorClient, object: string): Row[] => [...client.simulator.rows(object)];
export const byId = (rows: readonly Row[]): Row[] => rows.toSorted((a, b) => Number(a["id"]) - Number(b["id"]));
export const asText = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? null : shown(value)]));

/** Pages of XML by ascending id, as one flat text record per row; nested nodes by dotted names. */
export async function readXml(client: SimulatorClient, urlName: string, parameters = ""): Promise<XmlNode[]> {
  const all: XmlNode[] = [];
  for (let after = "0"; ;) {
    const { text } = await client.call(`${query(urlName)}?sort_by=id&id_greater_than=${after}${parameters}`);
    const page = (parseXml(text).children[0]?.children ?? []).filter(({ name }) => name !== "total_results");
    all.push(...page);
    if (page.length < 200) return all;
    after = field(page.at(-1), "id");
  }
}

/** Pages of bulk JSON by ascending id. */
export async function readJson(client: SimulatorClient, urlName: string): Promise<Row[]> {
  const all: Row[] = [];
  for (let after = "0"; ;) {
    const target = `${query(urlName)}?sort_by=id&sort_order=ascending&output=bulk&id_greater_than=${after}`;
    const page = records(await client.json(target), urlName);
    all.push(...page);
    if (page.length < 200) return all;
    after = shown(page.at(-1)?.["id"]);
  }
}

/** The text at a dotted path; empty for what is not there. */
export function field(node: XmlNode | undefined, path: string): string {
  const [name, ...rest] = path.split(".");
  const child = node?.children.find((candidate) => candidate.name === name);
  return rest.length === 0 ? (child?.text ?? "") : field(child, rest.join("."));
}

/** All rows that a procedure selects since 2023; unquoted emptiness is null, quoted is the empty text. */
export async function exportRows(
  client: SimulatorClient,
  object: string,
  given: Row,
  procedure = "filter_by_updated_at",
): Promise<Row[]> {
  const all: Row[] = [];
  const prefix =
    procedure === "filter_by_prospect_updated_at"
      ? "prospect_updated"
      : procedure.slice("filter_by_".length, -"_at".length);
  // Half years: both bounds are exclusive, so a window of a whole year would be a second longer than a year.
  const halves = [2023, 2024, 2025, 2026].flatMap((year) => [
    [`${year - 1}-12-31 23:59:59`, `${year}-07-01 00:00:00`],
    [`${year}-06-30 23:59:59`, `${year + 1}-01-01 00:00:00`],
  ]);
  for (const [after, before] of halves) {
    const range = { [`${prefix}_after`]: after, [`${prefix}_before`]: before };
    const { arguments: more, ...rest } = given as { arguments?: Row };
    const id = await client.createExport({
      object,
      ...rest,
      procedure: { name: procedure, arguments: { ...range, ...more } },
    });
    const { export: status } = await client.json(`/api/export/version/4/do/read/id/${id}`);
    for (const ref of [status?.["resultRefs"] ?? []].flat() as string[]) {
      const text = await (await fetch(ref, { headers: client.headers })).text();
      const [header = [], ...rows] = parse(text, {
        cast: (value, { quoting }) => (value === "" && !quoting ? null : value),
      }) as unknown as (string | null)[][];
      all.push(...rows.map((row) => Object.fromEntries(header.map((name, n) => [name ?? "", row[n] ?? null]))));
    }
  }
  return all;
}
