import { describe, expect, test } from "vitest";
import { fakeClock } from "../../../test/kit/fakes/clock.ts";
import { caught } from "../../../test/kit/fakes/pardot.ts";
import { AttemptsFailed } from "../../aws/retry.ts";
import { S3Retries } from "./retries.ts";

// Holds G9: a store that is briefly down ends no run.

const NEVER = new AbortController().signal;
const RESET = Object.assign(new Error("reset"), { code: "ECONNRESET" });
const BUSY = Object.assign(new Error("slow down"), { name: "SlowDown", $metadata: { httpStatusCode: 503 } });
const FILE = "Tag/Tag_api_1.csv";
const STATE = "_pardot_etl/state/0000000001.json";
const BEAT = "_pardot_etl/state/lease/0000000001.beat-000001.json";

function store(): { retries: S3Retries; slept: readonly number[] } {
  const clock = fakeClock();
  return { retries: new S3Retries({ clock, random: { unit: () => 1, hex: () => "" } }), slept: clock.slept };
}

/** Attempts until a request that always fails is given up. */
async function attempts(retries: S3Retries, key: string, fault: unknown = RESET): Promise<number> {
  let sent = 0;
  const send = async (): Promise<never> => {
    sent += 1;
    throw fault;
  };
  expect(await caught(retries.repeat(key, send, NEVER))).toBeInstanceOf(AttemptsFailed);
  return sent;
}

describe("retries at a store that has responded", () => {
  test.each([
    [FILE, 9, 61_750],
    [STATE, 12, 151_750],
    [BEAT, 5, 3750],
  ])("sends a request about %s %i times, with %i ms of pauses at most", async (key, sent, ms) => {
    const { retries, slept } = store();
    await retries.repeat(FILE, async () => "there", NEVER);
    expect(await attempts(retries, key)).toBe(sent);
    expect(slept.reduce((sum, one) => sum + one, 0)).toBe(ms);
    expect(Math.max(...slept)).toBeLessThanOrEqual(30_000);
  });

  test("last longer than a minute of downtime for a state", async () => {
    const { retries, slept } = store();
    await retries.repeat(FILE, async () => "there", NEVER);
    let failures = 9;
    const send = async (): Promise<string> => {
      if (failures-- > 0) throw RESET;
      return "written";
    };
    expect(await retries.repeat(STATE, send, NEVER)).toBe("written");
    expect(slept.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(60_000);
  });

  test("end immediately when the signal is aborted during a pause", async () => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    const sleep = async (): Promise<void> => {
      stop.abort(reason);
      throw reason;
    };
    const clock = { ...fakeClock(), sleep };
    const retries = new S3Retries({ clock, random: { unit: () => 0, hex: () => "" } });
    const send = async (): Promise<never> => {
      throw BUSY;
    };
    expect(await caught(retries.repeat(STATE, send, stop.signal))).toBe(reason);
  });
});

describe("retries at a store that has never responded", () => {
  test("are few, because its address may be wrong", async () => {
    const { retries, slept } = store();
    expect(await attempts(retries, STATE)).toBe(5);
    expect(slept.reduce((sum, one) => sum + one, 0)).toBeLessThan(4000);
  });

  test("increase with the first response, also a failure", async () => {
    expect(await attempts(store().retries, FILE, BUSY)).toBe(9);
  });
});
