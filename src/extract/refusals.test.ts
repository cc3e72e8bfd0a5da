import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entries } from "../catalog/index.ts";
import { selectWays } from "../catalog/versions.ts";
import { assert, RemoteError } from "../errors.ts";
import type { Extraction } from "./context.ts";
import { excludeRefused, refusedAmong } from "./refusals.ts";

const FIELDS = ["id", ...Array.from({ length: 149 }, (_, i) => `f${i}`)];

/** A Pardot that refuses some fields, and how often it was asked. */
function refusing(refused: ReadonlySet<string>) {
  const questions: (readonly string[])[] = [];
  const isAccepted = async (fields: readonly string[]): Promise<boolean> => {
    questions.push(fields);
    return !fields.some((field) => refused.has(field));
  };
  return { isAccepted, questions };
}

describe("fields that Pardot refuses", () => {
  it("are identified, and no others, whichever they are", async () => {
    const some = fc.uniqueArray(fc.constantFrom(...FIELDS.slice(1)), { minLength: 1, maxLength: 148 });
    await fc.assert(
      fc.asyncProperty(some, async (names) => {
        const { isAccepted, questions } = refusing(new Set(names));
        const found = await refusedAmong(FIELDS, "id", isAccepted);
        expect([...found].toSorted()).toEqual(names.toSorted());
        for (const fields of questions) expect(fields[0]).toBe("id");
        expect(questions.length).toBeLessThanOrEqual(2 * FIELDS.length);
      }),
      { numRuns: 50 },
    );
  });

  it("cost at most two requests for each halving if there is one", async () => {
    for (const name of FIELDS.slice(1)) {
      const { isAccepted, questions } = refusing(new Set([name]));
      expect(await refusedAmong(FIELDS, "id", isAccepted)).toEqual([name]);
      expect(questions.length).toBeLessThanOrEqual(16);
    }
  });

  it("are none if the key alone is refused too", async () => {
    const { isAccepted } = refusing(new Set(["id"]));
    expect(await refusedAmong(FIELDS, "id", isAccepted)).toEqual([]);
    expect(await refusedAmong(["id"], "id", isAccepted)).toEqual([]);
  });

  it("may be all but the key", async () => {
    const { isAccepted } = refusing(new Set(["a", "b"]));
    expect(await refusedAmong(["id", "a", "b"], "id", isAccepted)).toEqual(["a", "b"]);
  });
});

it("a refusal that names a list of records excludes its parts, and no field that is only named alike", async () => {
  const object = selectWays(entries, "5").find(({ name }) => name === "ListEmail");
  assert(object !== undefined, "ListEmail is in the catalog");
  const recorded: unknown[] = [];
  const record = (changes: readonly unknown[]): void => void recorded.push(...changes);
  const extraction = { journal: { record }, onEvent: () => undefined } as unknown as Extraction;
  const context = { field: "senderOptions" };
  const error = new RemoteError("refused", { code: "pardot.bad-parameter", pardotCode: 51, context });
  const fields = ["id", "senderOptions.type", "senderOptions.userId", "senderOptionsType"];
  await excludeRefused(object, fields, error, () => Promise.reject(error), extraction);
  expect(recorded).toEqual([
    { type: "fields-refused", object: "ListEmail", fields: ["senderOptions.type", "senderOptions.userId"] },
  ]);
});
