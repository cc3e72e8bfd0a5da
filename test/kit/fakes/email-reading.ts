import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { fakeClock } from "./clock.ts";
import type { PerEmailObject } from "../../../src/catalog/catalog.ts";
import { Journal, loadState } from "../../../src/state/journal.ts";
import { objectState } from "../../../src/state/state.ts";
import type { PlannedWindow } from "../../../src/state/state.ts";
import { catalog } from "../../../src/catalog/index.ts";
import type { Config } from "../../../src/config/config.ts";
import type { RunEvent } from "../../../src/events.ts";
import type { Pardot, ReadRequest, WireRecord } from "../../../src/pardot/pardot.ts";
import { Lanes } from "../../../src/platform/lanes.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { openMemoryStorage } from "./memory-storage.ts";
import { extractEmails } from "../../../src/extract/emails.ts";
import type { Extraction } from "../../../src/extract/context.ts";

const never = new AbortController().signal;
/** The start of a day, counted from 2026-03-20. */
export const day = (n: number): number => Date.parse("2026-03-20T00:00:00Z") + n * 86_400_000;
const whole = (n: number): PlannedWindow => ({ field: null, from: 0, to: day(n), askFrom: 0 });

let dir: string;

/** Gives the tests of a file a folder for what is landed. */
export function useEmailFolder(): void {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "pardot-etl-emails-"));
  });
  afterAll(async () => {
    await rm(dir, { recursive: true, force: true });
  });
}

interface EmailReading {
  readonly journal: Journal;
  /** Requests so far. */
  readonly asked: ReadRequest[];
  /** What a request for an id fails with. */
  readonly refused: Map<string, Error>;
  /** What a request for an id is answered with, instead of a plain email. */
  readonly records: Map<string, WireRecord>;
  readonly events: RunEvent[];
  readonly run: (object: PerEmailObject, onDay: number, known?: readonly string[]) => Promise<void>;
  /** The landed files' text. */
  readonly landed: () => string[];
  /** Lets activities bring more pairs. */
  readonly see: (more: readonly (readonly [string, string])[]) => Promise<void>;
}

/** What is read by a request. */
export function operationOf({ way }: ReadRequest): "read" | "stats" {
  return way.process === "email" ? way.email.operation : "read";
}

/** A run's reading of emails, by list e-mail and smallest e-mail id, with everything around it in memory. */
export async function setUp(pairs: readonly (readonly [string, string])[]): Promise<EmailReading> {
  const storage = openMemoryStorage();
  const journal = new Journal({
    storage,
    clock: fakeClock(),
    runId: "r",
    loaded: await loadState(storage, never),
    signal: never,
  });
  const see = async (more: readonly (readonly [string, string])[]): Promise<void> =>
    journal.record([
      {
        type: "emails-seen",
        isActivity: true,
        pairs: more.map(([listEmailId, emailId]) => ({ listEmailId, emailId })),
      },
    ]);
  await see(pairs);
  const asked: ReadRequest[] = [];
  const refused = new Map<string, Error>();
  const records = new Map<string, WireRecord>();
  const readById = async (request: ReadRequest): Promise<WireRecord> => {
    asked.push(request);
    const error = refused.get(request.id);
    if (error !== undefined) throw error;
    if (operationOf(request) === "stats") return { sent: "10" };
    return records.get(request.id) ?? { id: request.id, name: `e-mail ${request.id}`, isOneToOne: "false" };
  };
  const events: RunEvent[] = [];
  const extraction = {
    pardot: { readById } as unknown as Pardot,
    journal,
    storage,
    converter: null,
    clock: fakeClock(),
    pardotNow: () => 0,
    random: systemRandom,
    onEvent: (event: RunEvent) => events.push(event),
    drain: never,
    lanes: new Lanes(4),
    abort: never,
    config: {
      catalog,
      etl: {
        objects: ["Email", "EmailStats"],
        format: "csv",
        compression: "none",
        rowsPerFile: 2,
        bytesPerFile: 1e6,
        maxRejects: 10,
        tmpDir: dir,
      },
    } as unknown as Config,
  } satisfies Extraction;
  const run = async (object: PerEmailObject, onDay: number, known: readonly string[] = []): Promise<void> => {
    await journal.record([{ type: "planned", object: object.name, runId: "r", zone: "UTC", windows: [whole(onDay)] }]);
    const window = objectState(journal.state, object.name).windows.find(({ to }) => to === day(onDay));
    if (window === undefined) throw new Error("no window");
    await extractEmails(object, window, new Set(known), extraction);
  };
  const landed = (): string[] =>
    [...storage.files].filter(([key]) => key.startsWith("Email")).map(([, bytes]) => new TextDecoder().decode(bytes));
  return { journal, asked, refused, records, events, run, landed, see };
}
