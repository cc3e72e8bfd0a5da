import { expect, test } from "vitest";
import { createSimClock } from "../simulated-time.ts";
import { resolveKnobs } from "../knobs.ts";
import type { Knobs } from "../knobs.ts";
import { SIMULATOR_CLIENT_ID, SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN, TokenDesk } from "./token-desk.ts";

const FORM = new Map([
  ["grant_type", "refresh_token"],
  ["refresh_token", SIMULATOR_REFRESH_TOKEN],
  ["client_id", SIMULATOR_CLIENT_ID],
  ["client_secret", SIMULATOR_CLIENT_SECRET],
]);

async function acceptedAt(knobs: Partial<Knobs>, uses: readonly number[]): Promise<boolean[]> {
  let real = 0;
  const clock = createSimClock(0, false, () => real);
  const desk = new TokenDesk(clock, resolveKnobs({ tokenMs: 0, accessTokenSeconds: 100, ...knobs }), 1);
  const { body } = await desk.respond(FORM, null, "http://127.0.0.1");
  return uses.map((second) => {
    real = second * 1000;
    return desk.accepts(body["access_token"] ?? "");
  });
}

test("use renews a token with idle expiry", async () => {
  expect(await acceptedAt({}, [0, 90, 180, 280, 381])).toEqual([true, true, true, true, false]);
});

test("use does not renew a token with fixed expiry", async () => {
  expect(await acceptedAt({ accessTokenExpiry: "fixed" }, [90, 100, 101])).toEqual([true, true, false]);
});
