import { expect, test } from "vitest";
import { fakeIo } from "../../test/kit/fakes/io.ts";
import { CancelledError } from "../errors.ts";
import { stopOnSignals } from "./signals.ts";

const OPTIONS = { graceMs: 25_000, afterwards: "work that finishes by then is committed" };

test.each(["SIGINT", "SIGTERM"] as const)("the first %s aborts and prints what happens", (name) => {
  const io = fakeIo();
  const stop = stopOnSignals(io, OPTIONS);
  expect(stop.signal.aborted).toBe(false);
  io.send(name);
  expect(stop.signal.reason).toBeInstanceOf(CancelledError);
  expect((stop.signal.reason as CancelledError).exitCode).toBe(130);
  expect(io.stderr.text()).toBe(
    `${name}: stopping within 25s, work that finishes by then is committed; a second signal ends it at once\n`,
  );
  expect(io.exits).toEqual([]);
});

test("a second signal, of either kind, ends the process at once", async () => {
  const io = fakeIo();
  stopOnSignals(io, OPTIONS);
  io.send("SIGTERM");
  await io.clock.advance(200);
  io.send("SIGINT");
  expect(io.exits).toEqual([130]);
});

test("signals within 200 ms of the first are forwarded by npm and do not count", async () => {
  const io = fakeIo();
  stopOnSignals(io, OPTIONS);
  io.send("SIGINT");
  io.send("SIGINT");
  await io.clock.advance(150);
  io.send("SIGINT");
  await io.clock.advance(49);
  io.send("SIGTERM");
  expect(io.exits).toEqual([]);
  await io.clock.advance(1);
  io.send("SIGTERM");
  expect(io.exits).toEqual([130]);
});

test("a command that does not end is ended after the grace and five seconds", async () => {
  const io = fakeIo();
  stopOnSignals(io, OPTIONS);
  io.send("SIGTERM");
  await io.clock.advance(29_999);
  expect(io.exits).toEqual([]);
  await io.clock.advance(1);
  expect(io.exits).toEqual([130]);
});

test("a command that has ended ignores signals and is not ended again", async () => {
  const io = fakeIo();
  const stop = stopOnSignals(io, OPTIONS);
  io.send("SIGINT");
  stop.release();
  expect(io.listeners()).toBe(0);
  expect(io.clock.sleepers()).toBe(0);
  await io.clock.advance(60_000);
  expect(io.exits).toEqual([]);
});
