import { expect, test } from "vitest";
import { createClock } from "../clock.ts";
import { ExportQueue, scattered } from "./export-queue.ts";
import type { ExportJob } from "./export-queue.ts";
import { exportFileText } from "./export-file.ts";
import { resolveKnobs } from "../knobs.ts";
import type { Knobs } from "../knobs.ts";
import { OBJECTS } from "../objects/objects.ts";
import { resolveOptions } from "../options.ts";
import { createState } from "../state.ts";

const HOUR = 3_600_000;

function setUp(processingMs: number, given: Partial<Knobs> = {}) {
  let real = 0;
  const { account } = createState(resolveOptions({ scale: "tiny" }));
  const clock = createClock(Date.UTC(2026, 2, 20), false, () => real);
  const knobs = resolveKnobs(given);
  const queue = new ExportQueue(account, clock, knobs, processingMs);
  const model = OBJECTS.find(({ name }) => name === "VisitorActivity");
  if (model === undefined) throw new Error("no visitor activities");
  const order = {
    model,
    fields: ["id", "details", "updated_at"],
    procedure: "filter_by_created_at",
    arguments: {},
    selection: { spans: {}, deleted: "live" as const, test: null },
    endsAs: "Complete",
  };
  const states = (): string[] => queue.all().map(({ state }) => state);
  const pass = (ms: number): void => {
    real += ms;
  };
  const text = (job: ExportJob): string => {
    const files = job.files.toSorted((a, b) => a.id - b.id);
    return files.map((file) => [...exportFileText(account, job, file, knobs)].join("")).join("");
  };
  return { account, clock, queue, order, states, pass, text };
}

test("one export is worked off at a time, the oldest first", () => {
  const { queue, order, states, pass } = setUp(10_000);
  queue.create(order);
  pass(4_000);
  queue.create(order);
  queue.create({ ...order, endsAs: "Failed" });
  expect(states()).toEqual(["Processing", "Waiting", "Waiting"]);
  pass(5_999);
  expect(states()).toEqual(["Processing", "Waiting", "Waiting"]);
  pass(1);
  expect(states()).toEqual(["Complete", "Processing", "Waiting"]);
  pass(20_000);
  expect(states()).toEqual(["Complete", "Complete", "Failed"]);
});

test("an export is created as Waiting even when it takes no time", () => {
  const { queue, order, states } = setUp(0);
  expect(queue.create(order).state).toBe("Waiting");
  expect(states()).toEqual(["Complete"]);
});

test("with exportPolls, looks move it on, not time", () => {
  const { queue, order } = setUp(0, { exportPolls: 3 });
  const { id } = queue.create(order);
  const seen = [1, 2, 3, 4].map(() => queue.look(id)?.state);
  expect(seen).toEqual(["Waiting", "Processing", "Processing", "Complete"]);
});

test("files expire seven days after they were made, and an export not finished in seven days is cancelled", () => {
  const { queue, order, pass } = setUp(1_000);
  const job = queue.create(order);
  pass(7 * 24 * HOUR + 1_000);
  expect([queue.find(job.id)?.state, queue.isExpired(job)]).toEqual(["Complete", false]);
  pass(1);
  expect(queue.isExpired(job)).toBe(true);
  const slow = setUp(8 * 24 * HOUR);
  const never = slow.queue.create(slow.order);
  slow.pass(7 * 24 * HOUR);
  expect(slow.queue.find(never.id)?.state).toBe("Processing");
  slow.pass(1);
  expect(slow.queue.find(never.id)?.state).toBe("Failed");
});

test("files keep their bytes when the account changes afterwards", () => {
  const { account, queue, order, text } = setUp(0);
  const job = queue.create(order);
  queue.all();
  const before = text(job);
  queue.freeze();
  account.advance(5);
  expect(text(job)).toBe(before);
  const later = queue.create(order);
  queue.all();
  expect(text(later)).not.toBe(before);
});

test("rows lie scattered over files of varying size, each exactly once", () => {
  const { queue, order } = setUp(0, { filesPerExport: 7 });
  const job = queue.create(order);
  queue.all();
  expect(job.files).toHaveLength(7);
  const steps = job.files.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, n) => from + n));
  const places = steps.map((step) => scattered(step, job.rows.length));
  expect(new Set(places).size).toBe(job.rows.length);
  expect(places.toSorted((a, b) => a - b)).not.toEqual(places);
  expect(new Set(job.files.map(({ from, to }) => to - from)).size).toBeGreaterThan(1);
  expect(job.files.map(({ id }) => id).toSorted((a, b) => a - b)).not.toEqual(job.files.map(({ id }) => id));
});

test.each([1, 2, 3, 999, 1_000, 1_024])("the scattered order of %i things has each once", (length) => {
  expect(new Set(Array.from({ length }, (_, n) => scattered(n, length))).size).toBe(length);
});
