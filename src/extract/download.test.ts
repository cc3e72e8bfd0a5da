import { describe, expect, test } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import { caught, NEVER } from "../../test/kit/fakes/pardot.ts";
import type { RunEvent } from "../events.ts";
import { fetchFile, resultFiles } from "./download.ts";
import type { Extraction } from "./context.ts";

// Holds G1: a file that only the end of the connection closes is not taken for whole at the first look.

// A body that may have been cut is not taken for a file before it has come twice alike.

const PATH = "/api/export/version/4/do/downloadResults/id/7/file/2";
const COMPLETE = { id: "7", state: "Complete", stateText: "Complete", isExpired: false, createdAt: null } as const;

/** What a server gives for a file, one after another; the last for ever. */
async function fetched(bodies: readonly (readonly [text: string, endsByClose: boolean])[]): Promise<{
  readonly taken: readonly string[];
  readonly requests: number;
  readonly error: unknown;
}> {
  let requests = 0;
  const taken: string[] = [];
  const events: RunEvent[] = [];
  const pardot = {
    downloadResult: async () => {
      const [text = "", endsByClose = false] = bodies[Math.min(requests, bodies.length - 1)] ?? [];
      requests += 1;
      return Object.assign(chunks(text), { endsByClose });
    },
  };
  const extraction = {
    pardot,
    clock: fakeClock(),
    abort: NEVER,
    drain: NEVER,
    onEvent: (event: RunEvent) => void events.push(event),
  } as unknown as Extraction;
  const about = { object: "Visitor", window: "w" };
  const take = async (body: AsyncIterable<Uint8Array>): Promise<void> => {
    let text = "";
    for await (const chunk of body) text += new TextDecoder().decode(chunk);
    taken.push(text);
  };
  let error: unknown = null;
  await fetchFile("r", about, take, extraction).catch((thrown: unknown) => {
    error = thrown;
  });
  expect(events).toHaveLength(requests - 1);
  return { taken, requests, error };
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  for (const part of text.match(/[^]{1,3}/g) ?? []) yield new TextEncoder().encode(part);
}

describe("a result file", () => {
  test("with a framed end is fetched once", async () => {
    expect(await fetched([["id\n1\n", false]])).toEqual({ taken: ["id\n1\n"], requests: 1, error: null });
  });

  test("that only the connection ends is fetched twice, and accepted if both are equal", async () => {
    expect(await fetched([["id\n1\n", true]])).toEqual({ taken: ["id\n1\n"], requests: 2, error: null });
  });

  test("that only the connection ends, cut at a line end the first time, is read completely", async () => {
    const seen = await fetched([
      ["id\n1\n", true],
      ["id\n1\n2\n", true],
    ]);
    expect(seen).toEqual({ taken: ["id\n1\n2\n"], requests: 3, error: null });
  });

  test("that has a proven end the second time is accepted", async () => {
    const seen = await fetched([
      ["id\n1\n", true],
      ["id\n1\n2\n", false],
    ]);
    expect(seen).toEqual({ taken: ["id\n1\n2\n"], requests: 2, error: null });
  });

  test("of the same length with other bytes is not equal, and fails if it never is", async () => {
    const seen = await fetched([
      ["id\n1\n", true],
      ["id\n2\n", true],
      ["id\n3\n", true],
      ["id\n4\n", true],
    ]);
    expect(seen).toMatchObject({ taken: [], requests: 4, error: { exitCode: 6, code: "data.csv-incomplete" } });
  });
});

describe("the addresses of an export's files", () => {
  test("are sorted by the number of the file", () => {
    const references = [10, 9].map((file) => `https://www.pardot.com${PATH.replace("/2", `/${file}`)}`);
    expect(resultFiles({ ...COMPLETE, resultRefs: references }).map(({ fileId }) => fileId)).toEqual(["9", "10"]);
  });

  test.each([
    ["of another export", PATH.replace("/7/", "/777/")],
    ["of another operation", "/api/prospect/version/4/do/delete/id/7/file/5"],
    ["of half a megabyte", `${PATH}${"/file/a?".repeat(60_000)}\n`],
    ["without a file", PATH.replace("/file/2", "")],
  ])("one %s fails the object", async (_what, reference) => {
    const read = async (): Promise<unknown> => resultFiles({ ...COMPLETE, resultRefs: [PATH, reference] });
    expect(await caught(read())).toMatchObject({ exitCode: 6, code: "data.result-address" });
  });
});
