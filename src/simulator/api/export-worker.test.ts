import { expect, test } from "vitest";
import { createSimClock } from "../simulated-time.ts";
import { exportRecords } from "./export-order.ts";
import { ExportWorker, scattered } from "./export-worker.ts";
import type { SimExport } from "./export-worker.ts";
import { resultFileText } from "./result-file.ts";
import { resolveKnobs } from "../knobs.ts";
import type { Knobs } from "../knobs.ts";
import { OBJECTS } from "../objects/objects.ts";
import { resolveOptions } from "../options.ts";
import { createSimulation } from "../simulation.ts";

const HOUR = 3_600_000;

function setUp(processingMs: number, given: Partial<Knobs> = {}) {
  let real = 0;
  const { account } = createSimulation(resolveOptions({ scale: "tiny" }));
  const clock = createSimClock(Date.UTC(2026, 2, 20), false, () => real);
  const knobs = resolveKnobs(given);
  const worker = new ExportWorker(account, clock, knobs, processingMs);
  const model = OBJECTS.find(({ name }) => name === "VisitorActivity");
  if (model === undefined) throw new Error("no visitor activities");
  const order = {
    model,
    recordsOf: (names: readonly string[]) => exportRecords(account, model, names),
    watermark: "updated_at",
    echoesHeader: false,
    fields: ["id", "details", "updated_at"],
    procedure: "filter_by_created_at",
    arguments: {},
    selection: { spans: {}, deleted: "live" as const, test: null },
    endsAs: "Complete",
  };
  const states = (): string[] => worker.all().map(({ state }) => state);
  const pass = (ms: number): void => {
    real += ms;
  };
  const text = (job: SimExport): string => {
    const files = job.files.toSorted((a, b) => a.id - b.id);
    return files.map((file) => [...resultFileText(account, job, file, knobs)].join("")).join("");
  };
  return { account, clock, worker, order, states, pass, text };
}

test("processes one export at a time, the oldest first", () => {
  const { worker, order, states, pass } = setUp(10_000);
  worker.create(order);
  pass(4_000);
  worker.create(order);
  worker.create({ ...order, endsAs: "Failed" });
  expect(states()).toEqual(["Processing", "Waiting", "Waiting"]);
  pass(5_999);
  expect(states()).toEqual(["Processing", "Waiting", "Waiting"]);
  pass(1);
  expect(states()).toEqual(["Complete", "Processing", "Waiting"]);
  pass(20_000);
  expect(states()).toEqual(["Complete", "Complete", "Failed"]);
});

test("a new export is Waiting even if processing takes no time", () => {
  const { worker, order, states } = setUp(0);
  expect(worker.create(order).state).toBe("Waiting");
  expect(states()).toEqual(["Complete"]);
});

test("with exportPolls, an export progresses by reads, not by time", () => {
  const { worker, order } = setUp(0, { exportPolls: 3 });
  const { id } = worker.create(order);
  const seen = [1, 2, 3, 4].map(() => worker.read(id)?.state);
  expect(seen).toEqual(["Waiting", "Processing", "Processing", "Complete"]);
});

test("files expire after seven days, and an export unfinished after seven days is cancelled", () => {
  const { worker, order, pass } = setUp(1_000);
  const job = worker.create(order);
  pass(7 * 24 * HOUR + 1_000);
  expect([worker.find(job.id)?.state, worker.isExpired(job)]).toEqual(["Complete", false]);
  pass(1);
  expect(worker.isExpired(job)).toBe(true);
  const slow = setUp(8 * 24 * HOUR);
  const never = slow.worker.create(slow.order);
  slow.pass(7 * 24 * HOUR);
  expect(slow.worker.find(never.id)?.state).toBe("Processing");
  slow.pass(1);
  expect(slow.worker.find(never.id)?.state).toBe("Failed");
});

test("result files keep their bytes when the account changes later", () => {
  const { account, worker, order, text } = setUp(0);
  const job = worker.create(order);
  worker.all();
  const before = text(job);
  worker.freeze();
  account.advance(5);
  expect(text(job)).toBe(before);
  const later = worker.create(order);
  worker.all();
  expect(text(later)).not.toBe(before);
});

test("rows are scattered over files of varying size, each exactly once", () => {
  const { worker, order } = setUp(0, { filesPerExport: 7 });
  const job = worker.create(order);
  worker.all();
  expect(job.files).toHaveLength(7);
  const steps = job.files.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, n) => from + n));
  const places = steps.map((step) => scattered(step, job.rows.length));
  expect(new Set(places).size).toBe(job.rows.length);
  expect(places.toSorted((a, b) => a - b)).not.toEqual(places);
  expect(new Set(job.files.map(({ from, to }) => to - from)).size).toBeGreaterThan(1);
  expect(job.files.map(({ id }) => id).toSorted((a, b) => a - b)).not.toEqual(job.files.map(({ id }) => id));
});

test.each([1, 2, 3, 999, 1_000, 1_024])("the scattered order of %i numbers contains each once", (length) => {
  expect(new Set(Array.from({ length }, (_, n) => scattered(n, length))).size).toBe(length);
});
