import { describe, expect, test } from "vitest";
import { caught } from "../../test/support/pardot-fakes.ts";
import { counted, readWhole } from "./body.ts";

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

describe("a body's length", () => {
  test("as promised, or not promised at all, passes whole", async () => {
    for (const promised of [5, null]) {
      const bytes = await readWhole(counted(pieces("ab", "", "cde"), promised, "read"), 10, "read");
      expect(new TextDecoder().decode(bytes)).toBe("abcde");
    }
  });

  test.each([4, 6, 0])("another than %i bytes is noticed, though the socket did not", async (promised) => {
    const error = await caught(readWhole(counted(pieces("abc", "de"), promised, "read"), 10, "read"));
    expect(error).toMatchObject({ code: "http.short-body", retryable: true, context: { bytes: 5, promised } });
  });

  test("exactly the limit is not over it", async () => {
    expect(await readWhole(pieces("abc", "de"), 5, "read")).toHaveLength(5);
    expect(await caught(readWhole(pieces("abc", "de"), 4, "read"))).toMatchObject({ code: "http.body-too-large" });
  });
});
