import { formOf, shapeOf, shapesByField } from "./shapes.ts";
import { asObject, codeVerdict, rowsOf, statusText, UNSETTLED, v4 } from "./question.ts";
import type { Answer, Finding, Question } from "./question.ts";

/** An id that no record has. */
const NO_ID = "999999999999";

/** Queries, reads and refusals of v3/v4 that concern a reader. */
export function version4(): readonly Question[] {
  let row: { readonly id: number; readonly createdAt: string } | null = null;
  const query = (parameters: Readonly<Record<string, string>>): ReturnType<typeof v4> =>
    v4("visitor", "query", { output: "bulk", only_identified: "false", ...parameters });

  const simple = (
    id: string,
    asks: string,
    how: string,
    address: ReturnType<typeof v4>,
    find: (answer: Answer) => string | Pick<Finding, "seen" | "verdict">,
    means: string,
  ): Question => ({
    id,
    asks,
    how,
    api: "v4",
    ask: async (asker) => {
      const answer = await asker.get(id, address);
      const found = find(answer);
      const finding = typeof found === "string" ? { seen: statusText(answer), verdict: found } : found;
      return { ...finding, expected: null, means };
    },
  });

  /** Whether the known record is returned although the bound is not before it. */
  const bounded = (
    id: string,
    asks: string,
    how: string,
    bound: (createdAt: string) => string,
    verdicts: readonly [returned: string, left: string],
    expected: string | null,
    means: string,
  ): Question => ({
    id,
    asks,
    how,
    api: "v4",
    ask: async (asker) => {
      if (row === null) return { seen: "no record that shows it", verdict: UNSETTLED, expected };
      const ids = { id_greater_than: String(row.id - 1), id_less_than: String(row.id + 1) };
      const answer = await asker.get(id, query({ ...ids, created_after: bound(row.createdAt) }));
      if (answer.failure !== null) return { seen: statusText(answer), verdict: codeVerdict(answer), expected, means };
      const found = rowsOf(answer, "visitor").length;
      const seen = `${statusText(answer)}, the record ${found === 0 ? "left out" : "returned"}`;
      return { seen, verdict: verdicts[found === 0 ? 1 : 0], expected, means };
    },
  });

  return [
    {
      id: "v4.one-row",
      asks: "Is a page of one record an object or a list in JSON?",
      how: "GET visitor query, output=bulk, limit=1",
      api: "v4",
      ask: async (asker) => {
        const answer = await asker.get("v4.one-row", query({ limit: "1" }));
        const rows = asObject(asObject(answer.json)?.["result"])?.["visitor"];
        const [first] = rowsOf(answer, "visitor");
        const [id, createdAt] = [Number(first?.["id"]), first?.["created_at"]];
        if (Number.isSafeInteger(id) && typeof createdAt === "string" && DATE.test(createdAt)) row = { id, createdAt };
        const types = first === undefined ? "no record" : shapesByField([first], Object.keys(first));
        const verdict = first === undefined ? UNSETTLED : shapeOf(rows);
        return { seen: `${statusText(answer)}; ${types}`, verdict, expected: null, means: "Either is understood." };
      },
    },
    bounded(
      "v4.bounds",
      "Is the bound created_after exclusive?",
      "GET visitor query, the same record with created_after equal to its created_at",
      (createdAt) => createdAt,
      ["inclusive", "exclusive"],
      "exclusive",
      "Windows would overlap by a second; nothing is lost, a record may be landed twice.",
    ),
    bounded(
      "v4.offset",
      "Does an offset in a filter have an effect?",
      "GET visitor query, the same record with created_after a second earlier, written with -12:00",
      (createdAt) => `${shifted(createdAt, -1000).replace(" ", "T")}-12:00`,
      ["ignored", "honored"],
      null,
      "Nothing: local time without an offset is sent.",
    ),
    simple(
      "v4.no-rows",
      "How does a page without records look in JSON?",
      "GET visitor query, output=bulk, above every id",
      query({ id_greater_than: NO_ID, limit: "1" }),
      (answer) => {
        const root = asObject(answer.json) ?? {};
        if (answer.failure !== null) return codeVerdict(answer);
        return "result" in root ? shapeOf(root["result"]) : "absent";
      },
      "Either is understood.",
    ),
    simple(
      "v4.limit",
      "Is a limit above 200 refused?",
      "GET visitor query with limit=201",
      query({ limit: "201" }),
      (answer) => {
        const count = rowsOf(answer, "visitor").length;
        const verdict = answer.failure === null ? (count > 200 ? "honored" : "accepted") : codeVerdict(answer);
        return { seen: `${statusText(answer)}, ${count} records`, verdict };
      },
      "Nothing: pages have at most 200 records.",
    ),
    simple(
      "v4.refusal",
      "Which HTTP status does a refusal have?",
      "GET visitor query with an unknown sort_by",
      query({ sort_by: "pardot_etl_probe", limit: "1" }),
      (answer) => `status ${answer.status}`,
      "Nothing: the code decides.",
    ),
    simple(
      "v4.id-unknown",
      "Which code refuses the read of a record that does not exist?",
      "GET tag read of an id that no tag has",
      v4("tag", `read/id/${NO_ID}`),
      codeVerdict,
      "Emails that cannot be read are skipped whatever the code.",
    ),
    simple(
      "v4.object-unknown",
      "What is returned for an object that does not exist?",
      "GET query of pardotEtlProbe",
      v4("pardotEtlProbe", "query", { limit: "1" }),
      (answer) => (answer.failure?.shape === "html" ? "html" : codeVerdict(answer)),
      "Nothing: only known objects are requested.",
    ),
    simple(
      "v4.name-case",
      "Does upper and lower case matter in the names of objects?",
      "GET visitoractivity query, limit=1",
      v4("visitoractivity", "query", { output: "bulk", limit: "1" }),
      (answer) => (answer.failure === null ? "any case" : "exact"),
      "Nothing: names are sent as documented.",
    ),
    {
      id: "v4.other-version",
      asks: "How is the other of the versions 3 and 4 refused?",
      how: "GET visitor query in the version that this account does not use",
      api: "v4",
      ask: async (asker) => {
        const address = query({ limit: "1" });
        const answer = await asker.get("v4.other-version", (version) => address(version === 4 ? 3 : 4));
        const verdict = `${codeVerdict(answer)}, status ${answer.status}`;
        return { seen: statusText(answer), verdict, expected: null, means: "Nothing: the version that works is kept." };
      },
    },
    simple(
      "v4.export-list",
      "May this user list exports (Admin > Exports > View)?",
      "GET export query, limit=1",
      v4("export", "query", { limit: "1" }),
      (answer) => (answer.failure === null ? "allowed" : codeVerdict(answer)),
      "Nothing: exports are read by their id.",
    ),
    simple(
      "v4.account-fields",
      "Are the fields of prospect accounts plain values in JSON?",
      "GET prospectAccount query, limit=1",
      v4("prospectAccount", "query", { limit: "1" }),
      (answer) => {
        const [first] = rowsOf(answer, "prospectAccount");
        const nested = Object.values(first ?? {}).filter((value) => Object.hasOwn(asObject(value) ?? {}, "value"));
        const verdict = first === undefined ? UNSETTLED : nested.length > 0 ? "in value" : "plain";
        const seen = `${statusText(answer)}, ${Object.keys(first ?? {}).length} fields, ${nested.length} of them in value`;
        return { seen, verdict };
      },
      "Nothing: prospect accounts are read as XML.",
    ),
  ];
}

const DATE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/;

/** A local time moved by milliseconds of the clock's face. */
export function shifted(local: string, ms: number): string {
  return formOf(local) === "YYYY-MM-DD HH:MM:SS"
    ? new Date(Date.parse(`${local.replace(" ", "T")}Z`) + ms).toISOString().slice(0, 19).replace("T", " ")
    : local;
}
