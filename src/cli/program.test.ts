import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { fakeOutput } from "../../test/kit/fakes/io.ts";
import { failOnEarlyExit } from "./program.ts";

test("G2: a process that runs out of work before its command is done reports it and exits with the code of a bug", () => {
  const process = new EventEmitter();
  const stderr = fakeOutput();
  const codes: number[] = [];
  failOnEarlyExit(process, {
    stderr,
    exitNow: (code) => {
      codes.push(code);
    },
  });
  expect(stderr.text()).toBe("");
  process.emit("beforeExit");
  process.emit("beforeExit");
  expect(codes).toEqual([1]);
  expect(stderr.text()).toMatch(/^pardot-etl: stopped early.*\nhint: .*report it.*\n$/);
});
