import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { EVENTS } from "../../src/report/describe.ts";
import { outcomeFields } from "../../src/report/outcome-fields.ts";
import { RunRecorder } from "../../src/operations/run/outcome.ts";
import { EXIT_CODES } from "../../src/report/exit-codes.ts";
import { fakeClock } from "../kit/fakes/clock.ts";

const readPage = async (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), "utf8");

describe("docs/logs.md", () => {
  test.each(Object.entries(EVENTS))("lists the event %s with its level", async (type, [level]) => {
    const name = type.replaceAll("-", "_");
    expect(await readPage("docs/logs.md")).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${level} +\\|`, "m"));
  });

  test("lists only existing events", async () => {
    const part = (await readPage("docs/logs.md")).split("\n## ").find((text) => text.startsWith("Events\n")) ?? "";
    const named = [...part.matchAll(/^\| `(\w+)`/gm)].map(([, name = ""]) => name);
    expect(named.toSorted()).toEqual(
      Object.keys(EVENTS)
        .map((type) => type.replaceAll("-", "_"))
        .toSorted(),
    );
  });

  test("lists every field of the last line, in its order", async () => {
    const page = await readPage("docs/logs.md");
    const part = page.split("\n## ").find((text) => text.startsWith("The last line of a run\n")) ?? "";
    const named = [...part.matchAll(/^\| `(\w+)`/gm)].map(([, name = ""]) => name);
    expect(named).toEqual(["level", ...Object.keys(outcomeFields(new RunRecorder(fakeClock()).cutShort(0)))]);
  });
});

describe("docs/notifications.md", () => {
  test.each(EXIT_CODES.map(({ code, headline }) => [code, headline] as const))(
    "has the text of exit code %d",
    async (code, headline) => {
      expect(await readPage("docs/notifications.md")).toMatch(new RegExp(`^\\| ${code} +\\| \`${headline}\``, "m"));
    },
  );
});
