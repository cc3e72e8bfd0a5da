import { openConnections } from "../../src/http/transport.ts";
import { startSimulator } from "../../src/simulator/index.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { checkAccounted, checkManifests, checkTruth } from "./checks.ts";
import type { Findings } from "./checks.ts";
import { Chronicle } from "./crash-storage.ts";
import { createDice } from "./dice.ts";
import type { Dice } from "./dice.ts";
import { faultyTransport, Wire } from "./faulty-transport.ts";
import { committedRecords, manifestsIn, rowsOf, Versions } from "./landed.ts";
import type { Destination } from "./landed.ts";
import { naiveRun } from "./naive.ts";
import { planOf, UNTOUCHED } from "./plan.ts";
import type { Attempt } from "./plan.ts";
import { Turns } from "./turns.ts";
import { newest } from "../kit/records.ts";

const OBJECTS = ["VisitorActivity", "Tag", "Account"] as const;

export interface ControlOutcome {
  readonly seed: number;
  readonly findings: Findings;
  /** Records of the account at the end, and how many of them are in no committed file. */
  readonly records: number;
  readonly lost: number;
  /** Files whose bytes were overwritten. */
  readonly overwritten: number;
}

/**
 * Plays the schedule of a seed with the naive process instead of the real one, with the same network, kills and days, and
 * applies the checks that its files allow.
 */
export async function playControl(seed: number): Promise<ControlOutcome> {
  const dice = createDice(String(seed));
  const plan = planOf(seed, dice.apart("plan"), false);
  const simulator = await startSimulator({ ...plan.account, timezone: "UTC", dailyLimit: 50_000 });
  const control = new Control(simulator, dice);
  try {
    for (const [day, { attempts }] of plan.phases.entries()) {
      if (day > 0) control.advance();
      for (const attempt of [...attempts, UNTOUCHED]) await control.run(attempt);
    }
    return control.outcome(seed);
  } finally {
    await control.close();
  }
}

class Control {
  readonly #simulator: Simulator;
  readonly #dice: Dice;
  readonly #files = new Map<string, Uint8Array>();
  readonly #chronicle = new Chronicle();
  readonly #wire = new Wire();
  readonly #versions = new Versions();
  readonly #connections = openConnections({ connections: 8, requestTimeoutMs: 20_000 });
  #runs = 0;
  /** Runs are a minute apart, so that not every run has the name of the previous one. */
  #slept = 0;

  constructor(simulator: Simulator, dice: Dice) {
    this.#simulator = simulator;
    this.#dice = dice;
    this.#versions.remember(simulator, OBJECTS);
  }

  advance(): void {
    this.#simulator.advance(1);
    this.#versions.remember(this.#simulator, OBJECTS);
  }

  async run(attempt: Attempt): Promise<void> {
    this.#runs += 1;
    const dice = this.#dice.apart(`control ${this.#runs}`);
    const startAt = this.#simulator.now().getTime() + this.#slept;
    this.#slept += 60_000;
    const turns = new Turns({ dice, killAt: attempt.killAt, stopAt: null, startAt, beatEvery: 40 });
    const [simulator, wire] = [this.#simulator, this.#wire];
    const { transport } = this.#connections;
    const network = faultyTransport({
      transport,
      simulator,
      turns,
      wire,
      dice: dice.apart("wire"),
      faults: attempt.faults,
    });
    try {
      await naiveRun({
        apiUrl: simulator.url,
        turns,
        transport: network,
        write: (key, text) =>
          turns.take(`write ${key}`, async () => {
            const bytes = Buffer.from(text);
            this.#files.set(key, bytes);
            this.#chronicle.note(key, bytes);
          }),
        read: (key) => {
          const bytes = this.#files.get(key);
          return bytes === undefined ? null : Buffer.from(bytes).toString("utf8");
        },
      });
    } catch {
      // It simply tries again tomorrow.
    }
    await turns.idle();
  }

  outcome(seed: number): ControlOutcome {
    const destination: Destination = { keys: [...this.#files.keys()], bytes: (key) => this.#files.get(key) };
    const manifests = manifestsIn(destination);
    const overwritten = this.#chronicle.rewritten.filter((key) => !key.startsWith("_pardot_etl/"));
    let [records, lost] = [0, 0];
    for (const object of OBJECTS) {
      const landed = newest(committedRecords(destination, manifests, object));
      const truth = rowsOf(this.#simulator, object);
      records += truth.length;
      lost += truth.filter((row) => !landed.has(String(row["id"]))).length;
    }
    const findings = [
      ...checkManifests(destination, manifests),
      ...checkTruth(destination, manifests, OBJECTS, this.#simulator, this.#versions, "UTC"),
      ...checkAccounted(destination, manifests),
      ...overwritten.map((key) => `G6 ${key} has held two different contents`),
    ];
    return { seed, findings, records, lost, overwritten: overwritten.length };
  }

  async close(): Promise<void> {
    await this.#connections.close();
    await this.#simulator.close();
  }
}
