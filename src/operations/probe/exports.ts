import { isoOffset } from "../../pardot/dialects/v5.ts";
import { RemoteError } from "../../errors.ts";
import { SECOND_MS } from "../../time/instant.ts";
import { csvShape } from "./csv-shape.ts";
import type { CsvShape } from "./csv-shape.ts";
import { asObject, codeVerdict, rowsOf, statusText, UNSETTLED, v4, v5, valuesOf } from "./question.ts";
import type { Answer, Asker, Finding, Question } from "./question.ts";
import { formOf, shapeOf, shapesByField } from "./shapes.ts";
import { shifted } from "./version-4.ts";

// Two exports of one hour of prospects, one in each generation. They are created first, so that Pardot works on them
// while everything else is asked.

const HOUR_MS = 60 * 60 * SECOND_MS;
/** An hour that ends a minute after the newest change. */
const BEFORE_MS = 59 * 60 * SECOND_MS;
const READS_MAX = 3;
const PAUSE_MS = 20 * SECOND_MS;

interface Generation {
  readonly api: "v4" | "v5";
  readonly fields: readonly string[];
  readonly booleans: readonly string[];
  readonly dates: readonly string[];
  readonly read: (id: string) => Parameters<Asker["get"]>[1];
}

const V4: Generation = {
  api: "v4",
  fields: ["id", "opted_out", "company", "job_title", "comments", "created_at", "updated_at"],
  booleans: ["opted_out"],
  dates: ["created_at", "updated_at"],
  read: (id) => v4("export", `read/id/${id}`),
};

const V5: Generation = {
  api: "v5",
  fields: ["id", "optedOut", "company", "jobTitle", "comments", "createdAt", "updatedAt"],
  booleans: ["optedOut"],
  dates: ["createdAt", "updatedAt"],
  read: (id) => v5(`exports/${id}`),
};

/** Questions that create the exports, and those about their results. */
export function exportQuestions(): { readonly first: readonly Question[]; readonly last: readonly Question[] } {
  const created = new Map<Generation, string>();
  const question = (from: Generation, id: string, asks: string, how: string, ask: Question["ask"]): Question => ({
    id: `${from.api}.${id}`,
    asks,
    how,
    api: from.api,
    ask,
  });
  const results = (from: Generation): Question =>
    question(
      from,
      "export",
      `How do an export's state and a result file of ${from.api} look?`,
      `GET the export, at most ${READS_MAX} times, and the first bytes of one result file`,
      async (asker) => {
        const id = created.get(from);
        if (id === undefined) {
          return { id: `${from.api}.export-read`, seen: "no export was created", verdict: UNSETTLED, expected: null };
        }
        return readResults(from, id, asker);
      },
    );
  return {
    first: [
      question(
        V4,
        "export-create",
        "Is an export of v4 created, and how is it described?",
        "POST an export of one hour of prospects",
        (asker) => createV4(asker, created),
      ),
      question(
        V5,
        "export-create",
        "Which procedure creates an export of v5, and how is it described?",
        "POST an export of one hour of prospects, by filter_by_updated_at, else by filterByUpdatedAt",
        (asker) => createV5(asker, created),
      ),
    ],
    last: [results(V4), results(V5)],
  };
}

async function createV4(asker: Asker, created: Map<Generation, string>): Promise<readonly Finding[]> {
  const newest = await asker.get(
    "v4.newest-prospect",
    v4("prospect", "query", { output: "bulk", sort_by: "updated_at", sort_order: "descending", limit: "1" }),
  );
  const text = rowsOf(newest, "prospect")[0]?.["updated_at"];
  const local = typeof text === "string" ? text : "";
  if (formOf(local) !== "YYYY-MM-DD HH:MM:SS") {
    return [{ seen: `${statusText(newest)}, no prospect with a date`, verdict: UNSETTLED, expected: "created" }];
  }
  const after = shifted(local, -BEFORE_MS);
  const body = JSON.stringify({
    object: "Prospect",
    fields: V4.fields,
    procedure: {
      name: "filter_by_updated_at",
      arguments: { updated_after: after, updated_before: shifted(after, HOUR_MS) },
    },
  });
  const answer = await asker.create("v4.export-create", v4("export", "create"), body);
  return described(V4, answer, created, "");
}

async function createV5(asker: Asker, created: Map<Generation, string>): Promise<readonly Finding[]> {
  const newest = await asker.get(
    "v5.newest-prospect",
    v5("objects/prospects", { fields: "id,updatedAt", orderBy: "updatedAt DESC", limit: "1" }),
  );
  const instant = Date.parse(String(valuesOf(newest)[0]?.["updatedAt"]));
  if (Number.isNaN(instant)) {
    return [{ seen: `${statusText(newest)}, no prospect with a date`, verdict: UNSETTLED, expected: "created" }];
  }
  const after = instant - BEFORE_MS;
  const order = (name: string): string =>
    JSON.stringify({
      object: "Prospect",
      fields: V5.fields,
      procedure: { name, arguments: { updatedAfter: isoOffset(after), updatedBefore: isoOffset(after + HOUR_MS) } },
    });
  let name = "filter_by_updated_at";
  let answer = await asker.create("v5.export-create", v5("exports"), order(name));
  if (answer.failure?.code === 174) {
    name = "filterByUpdatedAt";
    answer = await asker.create("v5.export-create", v5("exports"), order(name));
  }
  const procedure: Finding = {
    id: "v5.export-procedure",
    asks: "How are the procedures of v5 exports spelled?",
    seen: statusText(answer),
    verdict: answer.failure === null ? name : codeVerdict(answer),
    expected: null,
    means: "Nothing: both spellings are tried.",
  };
  return [...described(V5, answer, created, ` by ${name}`), procedure];
}

function described(
  from: Generation,
  answer: Answer,
  created: Map<Generation, string>,
  how: string,
): readonly Finding[] {
  const { api } = from;
  const wrapped = asObject(asObject(answer.json)?.["export"]);
  const record = wrapped ?? asObject(answer.json) ?? {};
  const id = record["id"];
  const isCreated = answer.failure === null && (typeof id === "number" || typeof id === "string");
  if (isCreated && /^\d{1,20}$/.test(String(id))) created.set(from, String(id));
  const means =
    api === "v4"
      ? "Runs read five objects by such exports: give the user the ability for exports, or read through v5 (PARDOT_API_VERSION=5)."
      : "Nothing: runs use exports of v5 only where the catalog is overridden.";
  const creation: Finding = {
    seen: `${statusText(answer)}${how}; ${shapesByField([record], Object.keys(record))}`,
    verdict: isCreated ? "created" : codeVerdict(answer),
    expected: api === "v4" ? "created" : null,
    means,
  };
  if (!isCreated) return [{ ...creation, seen: statusText(answer) }];
  return [
    creation,
    fact(api, "export-status", statusText(answer), `status ${answer.status}`),
    fact(api, "export-envelope", `keys: ${Object.keys(record).join(", ")}`, wrapped === null ? "bare" : "wrapped"),
    fact(
      api,
      "export-state",
      `keys: ${Object.keys(record).join(", ")}`,
      ["state", "status"].filter((key) => Object.hasOwn(record, key)).join(" and ") || "neither",
    ),
  ];
}

/**
 * What is asked of each fact, and the verdict that runs rely on in v4. Readers understand any other; exports of v5 are
 * used only by an override.
 */
const FACTS = {
  "export-status": ["Which HTTP status has a created export?"],
  "export-envelope": ["Is an export wrapped in `export`?"],
  "export-state": [
    "What is the state of an export called?",
    "state",
    "Runs cannot tell when an export is finished: please report it.",
  ],
  "export-read": ["How does an export end?"],
  file: [
    "Is a result file delivered?",
    "delivered",
    "Runs cannot read this object by exports: read through v5 (PARDOT_API_VERSION=5), and please report it.",
  ],
  "file-header": ["Which columns has a result file?", "as requested", "Every file is re-encoded, which takes longer."],
  "file-type": ["Which content type and length has it?"],
  "file-booleans": ["How are booleans written?"],
  "file-dates": [
    "How are dates written?",
    "YYYY-MM-DD HH:MM:SS",
    "Dates in another form may be refused: please report it.",
  ],
  "file-lines": ["How do lines end?"],
  "file-quoting": ["Which fields are quoted?"],
  "file-quotes": ["How are quotes inside a field written?"],
  "file-empty": ["Does an empty text differ from null?"],
} satisfies Readonly<Record<string, Fact>>;

type Fact = readonly [asks: string, expected?: string | null, means?: string | null];

function fact(api: "v4" | "v5", id: keyof typeof FACTS, seen: string, verdict: string): Finding {
  const [asks, expected = null, means = null]: Fact = FACTS[id];
  const relied = api === "v4" ? { expected, means } : { expected: null, means: null };
  return { id: `${api}.${id}`, asks, seen, verdict, ...relied };
}

async function readResults(from: Generation, id: string, asker: Asker): Promise<readonly Finding[]> {
  const { api } = from;
  for (let reads = 1; ; reads += 1) {
    const answer = await asker.get(`${api}.export-read`, from.read(id));
    const record = asObject(asObject(answer.json)?.["export"]) ?? asObject(answer.json) ?? {};
    const given = record["state"] ?? record["status"];
    const state = typeof given === "string" ? given : "none";
    const isWaiting = /^(?:waiting|processing)$/i.test(state);
    if (answer.failure === null && isWaiting && reads < READS_MAX) {
      await asker.pause(PAUSE_MS);
      continue;
    }
    const word = answer.failure !== null ? codeVerdict(answer) : isWaiting ? "still waiting" : wordOf(state);
    const refs = record["resultRefs"] ?? record["resultsRef"];
    const seen = `${statusText(answer)} after ${reads} reads; result addresses: ${shapeOf(refs ?? null)}; createdAt: ${shapeOf(record["createdAt"] ?? record["created_at"] ?? null)}`;
    const read = fact(api, "export-read", seen, word);
    const list = Array.isArray(refs) ? (refs as readonly unknown[]) : [refs];
    const first = list.find((ref) => typeof ref === "string");
    if (first === undefined) return [read];
    const found = [read, ...(await readFile(from, first, asker))];
    return isUsable(from, found) ? [{ ...read, ...OFFER }, ...found.slice(1)] : found;
  }
}

/** Of prospects alone, because nothing of another object was seen. */
const OFFER: Pick<Finding, "object" | "override"> = { object: "Prospect", override: { v5: { process: "bulk" } } };

/** Whether runs can read such exports of v5, their dates included: without an offset these depend on PARDOT_TIMEZONE. */
function isUsable({ api }: Generation, findings: readonly Finding[]): boolean {
  const verdicts = new Map(findings.map(({ id, verdict }) => [id, verdict]));
  return (
    api === "v5" &&
    verdicts.get("v5.export-read") === "complete" &&
    verdicts.get("v5.file-header") === "as requested" &&
    /^YYYY-MM-DD[T ]HH:MM:SS(?:Z|±HH:MM)$/.test(verdicts.get("v5.file-dates") ?? "")
  );
}

/** States are the vendor's words; any other text is not repeated. */
function wordOf(state: string): string {
  return /^(?:complete|failed|canceled|cancelled|expired)$/i.test(state) ? state.toLowerCase() : "another state";
}

async function readFile(from: Generation, reference: string, asker: Asker): Promise<readonly Finding[]> {
  const { api } = from;
  let answer: Answer;
  try {
    answer = await asker.download(`${api}.export-download`, reference);
  } catch (error) {
    if (!(error instanceof RemoteError) || error.code !== "pardot.foreign-address") throw error;
    return [fact(api, "file", "an address elsewhere than at Pardot", "elsewhere")];
  }
  if (answer.failure !== null) {
    return [fact(api, "file", statusText(answer), codeVerdict(answer))];
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(answer.body);
  return fileFindings(from, answer, csvShape(text, answer.isWhole, from));
}

function fileFindings(from: Generation, answer: Answer, shape: CsvShape): readonly Finding[] {
  const { api } = from;
  const seen = `${shape.records} records${answer.isWhole ? "" : " in the first bytes"}`;
  const length = answer.headers["content-length"] === undefined ? "without a length" : "with a length";
  const isRequested = shape.header.join() === from.fields.join();
  return [
    fact(api, "file", `${statusText(answer)}, ${seen}`, "delivered"),
    fact(
      api,
      "file-header",
      `columns: ${isRequested ? shape.header.join(", ") : `${shape.header.length} others`}`,
      isRequested ? "as requested" : "others",
    ),
    fact(api, "file-type", `content-type: ${mediaType(answer)}, ${length}`, length),
    fact(api, "file-booleans", seen, shape.booleans ?? UNSETTLED),
    fact(api, "file-dates", seen, shape.dates ?? UNSETTLED),
    fact(
      api,
      "file-lines",
      `${shape.hasByteOrderMark ? "with" : "without"} a byte-order mark`,
      `${shape.lineEnd}${shape.hasBlankLastLine === true ? ", a blank last line" : ""}`,
    ),
    fact(api, "file-quoting", seen, QUOTING[shape.quoting ?? "none"]),
    fact(api, "file-quotes", seen, shape.quotes ?? UNSETTLED),
    fact(api, "file-empty", seen, shape.emptyText ?? "none seen"),
  ];
}

const QUOTING: Readonly<Record<NonNullable<CsvShape["quoting"]> | "none", string>> = {
  all: "all",
  must: "where needed",
  blank: "also with a blank",
  none: "none seen",
};

/** The media type, if it is one. */
export function mediaType({ headers }: Pick<Answer, "headers">): string {
  return /^[a-z]+\/[\w.+-]{1,60}(?:;\s*charset=[\w-]{1,20})?$/i.exec(headers["content-type"] ?? "")?.[0] ?? "another";
}
