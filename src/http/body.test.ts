import { afterEach, describe, expect, test, vi } from "vitest";
import { caught } from "../../test/kit/fakes/pardot.ts";
import { counted, paced, readWhole } from "./body.ts";

afterEach(() => void vi.unstubAllGlobals());

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const text of texts) yield new TextEncoder().encode(text);
}

describe("a body's length", () => {
  test("as promised, or not promised, passes whole", async () => {
    for (const promised of [5, null]) {
      const bytes = await readWhole(counted(pieces("ab", "", "cde"), promised, "read"), 10, "read");
      expect(new TextDecoder().decode(bytes)).toBe("abcde");
    }
  });

  test.each([4, 6, 0])("other than %i bytes is noticed even if the socket reports none", async (promised) => {
    const error = await caught(readWhole(counted(pieces("abc", "de"), promised, "read"), 10, "read"));
    expect(error).toMatchObject({ code: "http.short-body", retryable: true, context: { bytes: 5, promised } });
  });

  test("at exactly the limit is accepted", async () => {
    expect(await readWhole(pieces("abc", "de"), 5, "read")).toHaveLength(5);
    expect(await caught(readWhole(pieces("abc", "de"), 4, "read"))).toMatchObject({ code: "http.body-too-large" });
  });
});

test("a large body is put together in the memory that it is given, wherever its pieces end", async () => {
  const memory = new Uint8Array(100);
  for (const text of ["", "0123456789", "0123456789abcdef"]) {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const begin = vi.fn<() => Promise<Uint8Array>>().mockResolvedValue(memory);
      const parts = [text.slice(0, cut), text.slice(cut, cut + 3), text.slice(cut + 3)];
      const bytes = await readWhole(pieces(...parts), 16, "read", { bytes: 10, begin });
      expect(new TextDecoder().decode(bytes)).toBe(text);
      expect([bytes.buffer === memory.buffer, begin.mock.calls.length]).toEqual(
        text.length > 10 ? [true, 1] : [false, 0],
      );
    }
  }
});

test("a long body frees its buffers every 8 MB, a short one leaves them to the next collection", async () => {
  const gc = vi.fn<() => void>();
  vi.stubGlobal("gc", gc);
  async function* blocks(count: number): AsyncGenerator<Uint8Array> {
    for (let block = 0; block < count; block += 1) yield new Uint8Array(64 * 1024);
  }
  for await (const _chunk of counted(blocks(127), null, "read"));
  expect(gc).toHaveBeenCalledTimes(0);
  for await (const _chunk of counted(blocks(400), null, "read"));
  expect(gc.mock.calls).toEqual(Array.from({ length: 3 }, () => [{ type: "minor" }]));
});

describe("a body's pace", () => {
  const read = async (bytes: number, waitMs: number, readMs: number, chunks = 100): Promise<number> => {
    let now = 0;
    async function* arriving(): AsyncGenerator<Uint8Array> {
      for (let chunk = 0; chunk < chunks; chunk += 1) {
        now += waitMs;
        yield new Uint8Array(bytes);
      }
    }
    let total = 0;
    for await (const chunk of paced(arriving(), { periodMs: 1000, bytesMin: 500, now: () => now }, "read file")) {
      total += chunk.byteLength;
      now += readMs;
    }
    return total;
  };

  test("of enough bytes per time passes, however slow the reader is", async () => {
    expect(await read(50, 100, 0)).toBe(5000);
    expect(await read(500, 1000, 86_400_000)).toBe(50_000);
  });

  test("of a byte now and then fails after one period, as a time-out", async () => {
    expect(await caught(read(1, 100, 0))).toMatchObject({
      code: "http.timeout",
      retryable: true,
      message: "read file: the response comes too slowly (10 bytes in 1 s)",
    });
  });

  test("is not checked for a body that ends within the first period", async () => {
    expect(await read(1, 99, 0, 10)).toBe(10);
  });
});
