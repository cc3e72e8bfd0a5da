import type { Config } from "../../config/config.ts";
import { exitCodeOf, failureOf, LimitError, PardotEtlError } from "../../errors.ts";
import type { Failure } from "../../errors.ts";
import type { OpenPardot } from "../../pardot/client.ts";
import type { Inspection } from "../../pardot/inspect.ts";
import type { CallBudget } from "../../pardot/pardot.ts";
import type { Instant } from "../../time/instant.ts";
import { connectPardot, openBudgetedPardot } from "../pardot.ts";
import type { Runtime } from "../runtime.ts";
import { openStore } from "../store.ts";
import { exportQuestions } from "./exports.ts";
import { catalogFragment, mergeOverrides } from "./fragment.ts";
import { SeenHeaders } from "./headers.ts";
import { OBJECTS } from "./objects.ts";
import { UNSETTLED } from "./question.ts";
import type { Answer, Asker, Finding, Override, Question } from "./question.ts";
import { NEVER_ASKED } from "./never-asked.ts";
import { VERSION_5 } from "./version-5.ts";
import { version4 } from "./version-4.ts";

/** Calls that one probe makes at most, retries and refusals included. */
export const PROBE_CALLS_MAX = 60;

const PAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Enough to see how a file is written. */
const FILE_BYTES_MAX = 256 * 1024;

/** One question and this account's response to it: shapes, never a value. */
export interface ProbeEntry {
  readonly id: string;
  readonly question: string;
  readonly how: string;
  /** Null if it was not asked. */
  readonly seen: string | null;
  readonly verdict: string | null;
  readonly status: "expected" | "differs" | "unsettled" | "not asked";
  /** Its effect on the configuration, or why it was not asked; null: none. */
  readonly means: string | null;
}

export interface ProbeResult {
  readonly entries: readonly ProbeEntry[];
  /** YAML for pardot-etl.yaml with the differences from the built-in catalog, and what was seen to work; null: none. */
  readonly fragment: string | null;
  readonly calls: number;
  readonly callsMax: number;
  /** Why it ended early; null if it did not. */
  readonly failure: Failure | null;
  /** 0, or the exit code of `failure`. */
  readonly exitCode: number;
}

/**
 * Tests on this account what the vendor's documentation leaves open. Only reads; creates at most two exports of one
 * hour, which are reads too. Makes at most 60 calls and names the questions that were not asked. Writes nothing but a
 * note of its calls. Throws like any command if the connection fails.
 */
export async function probe(config: Config, runtime: Runtime): Promise<ProbeResult> {
  const { storage } = await openStore(config, runtime);
  const { pardot, time, settle } = openBudgetedPardot("probe", config, storage, runtime, atMost(PROBE_CALLS_MAX));
  try {
    const { now } = await connectPardot(pardot, time, runtime);
    return await askAll(questionsOf(config), pardot, now, runtime);
  } finally {
    await settle();
  }
}

/** The questions in order: exports first, so that Pardot can work on them during the other questions. */
function questionsOf({ pardot: { apiVersion } }: Config): readonly (Question & { readonly skipped?: string })[] {
  const exports = exportQuestions();
  const all = [
    ...exports.first,
    ...VERSION_5,
    ...version4(),
    ...OBJECTS.slice(0, 11),
    ...exports.last,
    ...OBJECTS.slice(11),
  ];
  const skipped = apiVersion === "5" ? "v4" : apiVersion === "auto" ? null : "v5";
  return all.map((question) =>
    question.api === skipped
      ? { ...question, skipped: `PARDOT_API_VERSION=${apiVersion} makes no call of ${skipped}.` }
      : question,
  );
}

const SPENT = "probe.calls-spent";
/** Consecutive questions without a response after which the probe asks no more. */
const UNREACHED_MAX = 2;

/** A budget that ends after a number of calls: the questions after it are not asked. */
function atMost(callsMax: number): (budget: CallBudget) => CallBudget {
  let left = callsMax;
  return (budget) => ({
    take: async (kind, signal) => {
      if (left === 0) throw new LimitError(`probe: all of its ${callsMax} calls are made`, { code: SPENT });
      left -= 1;
      await budget.take(kind, signal);
    },
  });
}

async function askAll(
  questions: readonly (Question & { readonly skipped?: string })[],
  pardot: OpenPardot,
  now: Instant,
  runtime: Runtime,
): Promise<ProbeResult> {
  const headers = new SeenHeaders();
  const entries: ProbeEntry[] = [];
  const overrides: Override[] = [];
  let failure: Failure | null = null;
  let exitCode = 0;
  let over: string | null = null;
  let unreached = 0;
  for (const question of questions) {
    const skipped = question.skipped ?? over;
    if (skipped !== null) {
      entries.push(notAsked(question, skipped));
      continue;
    }
    try {
      const found = await question.ask(askerFor(question, pardot, headers, now, runtime));
      for (const finding of [found].flat()) {
        entries.push(entryOf(question, finding));
        const { override, object = question.id } = finding;
        if (override !== undefined) overrides.push({ [object]: override });
      }
    } catch (error) {
      runtime.signal.throwIfAborted();
      if (!(error instanceof PardotEtlError)) throw error;
      if (error.code === SPENT) {
        over = `All ${PROBE_CALLS_MAX} calls were made.`;
        entries.push(notAsked(question, over));
        continue;
      }
      entries.push(notAsked(question, `It failed: ${error.code}.`));
      // Some queries time out in some accounts: that costs one question. Access, quota or the network concern all.
      unreached = error.code.startsWith("http.") ? unreached + 1 : 0;
      if ((error.exitCode === 5 || error.exitCode === 6) && unreached < UNREACHED_MAX) continue;
      failure = failureOf(error);
      exitCode = exitCodeOf(error);
      over = `The probe ended early: ${error.code}.`;
    }
  }
  const seen = headers.findings().map((finding) => entryOf({ id: "", asks: "", how: "every response" }, finding));
  return {
    entries: [
      ...entries,
      ...seen,
      ...NEVER_ASKED.map((question) => notAsked({ ...question, how: "never" }, question.why)),
    ],
    fragment: catalogFragment(mergeOverrides(overrides)),
    calls: pardot.calls.total,
    callsMax: PROBE_CALLS_MAX,
    failure,
    exitCode,
  };
}

function askerFor(
  { api }: Question,
  pardot: OpenPardot,
  headers: SeenHeaders,
  now: Instant,
  { clock, signal }: Runtime,
): Asker {
  const inspect = async (
    inspection: Omit<Inspection, "address">,
    address: Inspection["address"] | string,
  ): Promise<Answer> => {
    const at = typeof address === "string" ? () => address : address;
    const inspected = await pardot.inspect({ ...inspection, kind: `probe ${inspection.kind}`, address: at }, signal);
    headers.note(api, inspected);
    return { ...inspected, json: jsonOf(inspected.body) };
  };
  return {
    now,
    get: (kind, address) => inspect({ kind, bytesMax: PAGE_BYTES_MAX }, address),
    create: (kind, address, body) => inspect({ kind, body, bytesMax: PAGE_BYTES_MAX }, address),
    download: (kind, reference) => inspect({ kind, isFile: true, bytesMax: FILE_BYTES_MAX }, reference),
    pause: (ms) => clock.sleep(ms, signal),
  };
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return null;
  }
}

function entryOf(question: Pick<Question, "id" | "asks" | "how">, finding: Finding): ProbeEntry {
  const { id = question.id, asks = question.asks, seen, verdict, expected, means = null } = finding;
  const status =
    verdict === UNSETTLED ? "unsettled" : expected === null || expected === verdict ? "expected" : "differs";
  const meaning =
    verdict === UNSETTLED ? "The account has no records that show it." : status === "differs" ? means : null;
  return { id, question: asks, how: question.how, seen, verdict, status, means: meaning };
}

function notAsked({ id, asks, how }: Pick<Question, "id" | "asks" | "how">, why: string): ProbeEntry {
  return { id, question: asks, how, seen: null, verdict: null, status: "not asked", means: why };
}
