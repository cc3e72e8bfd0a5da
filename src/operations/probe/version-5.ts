import { listEmailStats } from "../../catalog/email.ts";
import { shapesByField } from "./shapes.ts";
import { asObject, codeVerdict, statusText, UNSETTLED, v5, valuesOf } from "./question.ts";
import type { Answer, Finding, Override, Question } from "./question.ts";

/** An id that no record has. */
const NO_ID = "999999999999";
/** A name that nothing at Pardot has. */
const NO_NAME = "pardotEtlProbe";
const IDS = 1001;

/** A question that one request settles. */
function single(
  id: string,
  asks: string,
  address: string,
  find: (answer: Answer) => Omit<Finding, "seen"> & { readonly seen?: string },
): Question {
  const ask: Question["ask"] = async (asker) => {
    const answer = await asker.get(id, address);
    return { seen: statusText(answer), ...find(answer) };
  };
  return { id, asks, how: `GET ${shortAddress(address)}`, api: "v5", ask };
}

function shortAddress(address: string): string {
  const text = decodeURIComponent(address);
  return text.length <= 150 ? text : `${text.slice(0, 60)}… (${text.length} characters)`;
}

/** A request that is refused: with which code. `codes`: those that are understood. */
function refusal(id: string, asks: string, address: string, codes: readonly number[], means: string): Question {
  return single(id, asks, address, (answer) => {
    const verdict = codeVerdict(answer);
    const isUnderstood = codes.some((code) => verdict === `code ${code}`);
    return { verdict, expected: isUnderstood ? verdict : `code ${String(codes[0])}`, means };
  });
}

/** The account, refusals, pages and order of API v5 (pardot-v5 §9). */
export const VERSION_5: readonly Question[] = [
  single(
    "account.envelope",
    "Is the account returned alone, or in a list of values?",
    v5("objects/account", { fields: "id,apiCallsUsed,maximumDailyApiCalls,createdAt" }),
    (answer) => {
      const isList = Object.hasOwn(asObject(answer.json) ?? {}, "values");
      const record = isList ? valuesOf(answer)[0] : asObject(answer.json);
      const types = shapesByField([record ?? {}], ["id", "apiCallsUsed", "maximumDailyApiCalls", "createdAt"]);
      const isRead = answer.failure === null && record !== undefined && record !== null;
      const verdict = isRead ? (isList ? "values" : "record") : codeVerdict(answer);
      const means = "Either is understood; without an account nothing of API v5 can be read.";
      return { seen: `${statusText(answer)}; ${types}`, verdict, expected: isRead ? null : "record", means };
    },
  ),
  refusal(
    "refused.fields-missing",
    "Which code refuses a query without fields?",
    v5("objects/tags", { limit: "1" }),
    [13, 36, 51],
    "Nothing: fields are always sent.",
  ),
  single(
    "refused.field-unknown",
    "Does the refusal of an unknown field name it?",
    v5("objects/tags", { fields: `id,${NO_NAME}`, limit: "1" }),
    (answer) => {
      const isNamed = answer.failure?.text.includes(NO_NAME) === true;
      const verdict =
        isNamed && answer.failure?.code === 51 ? "named" : answer.failure === null ? "accepted" : "not named";
      const means = "A field that this account lacks cannot be left out on its own: set it to null in the catalog.";
      const seen = `${statusText(answer)}, the field ${isNamed ? "" : "not "}named`;
      return { seen, verdict, expected: "named", means };
    },
  ),
  single(
    "refused.filter-unknown",
    "Is an unknown filter refused, or ignored?",
    v5("objects/tags", { fields: "id", [NO_NAME]: "1", limit: "1" }),
    (answer) => ({
      verdict: answer.failure === null ? "ignored" : "refused",
      expected: "refused",
      means:
        "A filter that an object lacks does not show as an error: see the filters below, and the warnings of runs.",
    }),
  ),
  refusal(
    "refused.field-write-only",
    "Which code refuses a field that can only be written?",
    v5("objects/custom-fields", { fields: "id,valuesPrefill", limit: "1" }),
    [224, 51],
    "Nothing: no such field is requested.",
  ),
  single(
    "refused.date-with-z",
    "Is a date that ends in Z refused?",
    v5("objects/tags", { fields: "id", createdAtAfter: "2020-01-01T00:00:00Z", limit: "1" }),
    (answer) => ({ verdict: codeVerdict(answer), expected: null, means: "Nothing: dates are sent with +00:00." }),
  ),
  refusal(
    "refused.id-unknown",
    "Which code refuses the read of a record that does not exist?",
    v5(`objects/tags/${NO_ID}`, { fields: "id" }),
    [109, 192, 16],
    "Emails that cannot be read are skipped whatever the code.",
  ),
  refusal(
    "refused.four-filters",
    "Are filters on four fields refused?",
    v5("objects/prospects", {
      fields: "id",
      idGreaterThan: NO_ID,
      createdAtAfter: "2020-01-01T00:00:00+00:00",
      updatedAtAfter: "2020-01-01T00:00:00+00:00",
      lastActivityAtAfter: "2020-01-01T00:00:00+00:00",
      limit: "1",
    }),
    [209],
    "Nothing: at most two fields are filtered on.",
  ),
  single(
    "refused.id-list",
    `Does idList take ${IDS} ids?`,
    v5("objects/tags", { fields: "id", idList: Array.from({ length: IDS }, (_, n) => n + 1).join(), limit: "1" }),
    (answer) => ({ verdict: codeVerdict(answer), expected: null, means: "Nothing: idList is not used." }),
  ),
  single(
    "pages.order",
    "In which order are the records of a query without orderBy?",
    v5("objects/visitors", { fields: "id", limit: "20" }),
    (answer) => {
      const ids = valuesOf(answer).map((value) => Number(value["id"]));
      const isById = ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? 0));
      const verdict = ids.length < 5 ? UNSETTLED : isById ? "by id" : "no order";
      const seen = `${statusText(answer)}, ${ids.length} records`;
      return { seen, verdict, expected: null, means: "Nothing: no order is relied on." };
    },
  ),
  {
    id: "pages.token-and-limit",
    asks: "Which code refuses a page token next to a limit, and how does a page end?",
    how: "GET /api/v5/objects/visitors?fields=id&limit=1, then its token with limit=1",
    api: "v5",
    ask: async (asker) => {
      const first = await asker.get("pages.first", v5("objects/visitors", { fields: "id", limit: "1" }));
      const token = asObject(first.json)?.["nextPageToken"];
      const keys = Object.keys(asObject(first.json) ?? {}).join(", ");
      if (typeof token !== "string")
        return { seen: `keys of a page: ${keys}; no token`, verdict: UNSETTLED, expected: null };
      const parameters = { fields: "id", nextPageToken: token, limit: "1" };
      const second = await asker.get("pages.token-and-limit", v5("objects/visitors", parameters));
      const seen = `keys of a page: ${keys}; the token with a limit: ${statusText(second)}`;
      const means = "Nothing: only fields are sent with a token.";
      return { seen, verdict: codeVerdict(second), expected: null, means };
    },
  },
  single(
    "bin.Opportunity",
    "Does deleted=all reach a recycle bin of opportunities?",
    v5("objects/opportunities", { fields: "id", deleted: "all", limit: "1" }),
    (answer) => ({
      verdict: answer.failure === null ? "accepted" : "refused",
      expected: "refused",
      means:
        "No override is needed: opportunities are read without deleted ones into the columns of v4, which cannot mark them. Please report it.",
    }),
  ),
  {
    id: "stats.rates",
    asks: "In which form are the rates of a list email: per cent, a fraction, or a text?",
    how: "GET /api/v5/objects/list-emails?fields=id,isSent&limit=50, then the stats of up to three sent ones",
    api: "v5",
    ask: async (asker) => {
      const list = await asker.get(
        "stats.list-emails",
        v5("objects/list-emails", { fields: "id,isSent", limit: "50" }),
      );
      const sent = valuesOf(list).filter((value) => value["isSent"] === true);
      for (const { id } of sent.slice(0, 3)) {
        if (!Number.isSafeInteger(id)) break;
        const answer = await asker.get("stats.rates", v5(`objects/list-emails/${String(id)}/stats`));
        const found = ratesOf(answer);
        if (found !== null) return found;
      }
      return { seen: `${statusText(list)}, ${sent.length} sent list emails`, verdict: UNSETTLED, expected: null };
    },
  },
];

const RATES = "deliveryRate opensRate clickThroughRate uniqueClickThroughRate clickOpenRatio optOutRate".split(" ");

/** Null where all rates are zero. */
function ratesOf(answer: Answer): Finding | null {
  const record = asObject(answer.json) ?? {};
  if (answer.failure !== null) {
    const means = "ListEmailStats cannot be read: give the user the ability to view email reports, or leave it out.";
    return { seen: statusText(answer), verdict: codeVerdict(answer), expected: "percent", means };
  }
  const rates = RATES.map((name) => record[name]);
  const numbers = rates.filter((rate) => typeof rate === "number");
  const isText = rates.some((rate) => typeof rate === "string");
  if (!isText && numbers.every((rate) => rate === 0)) return null;
  const verdict = isText ? "text" : numbers.some((rate) => rate > 1) ? "percent" : "fraction";
  const means = isText
    ? "ListEmailStats has numbers, so that its rows would be set aside; with the fragment its rates are text."
    : "No override is needed: ListEmailStats has the numbers as they come. Multiply by 100 in the warehouse.";
  return {
    seen: `${statusText(answer)}; ${shapesByField([record], Object.keys(record))}`,
    verdict,
    expected: "percent",
    means,
    ...(isText ? { object: listEmailStats.name, override: { columns: textRates() } } : {}),
  };
}

/** The columns of ListEmailStats with rates as text. */
function textRates(): readonly Override[] {
  return listEmailStats.columns.map(({ name, type }) => ({ name, type: type === "number" ? "string" : type }));
}
