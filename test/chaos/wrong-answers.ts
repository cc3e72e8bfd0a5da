import type { HttpRequest } from "../../src/http/transport.ts";
import type { Dice } from "./dice.ts";

/** A rule of the simulator's script without its path. */
export interface WrongAnswer {
  readonly name: string;
  readonly rule: Readonly<Record<string, unknown>>;
}

const TEXTS = ["upstream request timeout\n", "Error\nquery timed out\n", '"Not authorized"\n'];

/**
 * Headers that do not fit, and bodies that end or begin where they should not. Not bytes that are no UTF-8: those are mended
 * where they come, so that what lands is not what the account has.
 */
const FILES = [
  "title-header",
  "upper-header",
  "semicolons",
  "no-header",
  "other-object",
  "no-key",
  "no-watermark",
  "cut-last-field",
  "cut-record",
  "mixed-ends",
  "blank-last-line",
];

/**
 * What a successful answer of the wrong kind may be to a request; null when there is none for it. Each comes once, and what
 * it says can be told from the truth: a file that ends with a whole record, or a header alone, cannot. `shortened` holds the
 * paths whose pages may have been short: behind a short page an empty one is the end, so no false one may follow.
 */
export function wrongAnswerTo(request: HttpRequest, shortened: Set<string>, dice: Dice): WrongAnswer | null {
  const { pathname } = request.url;
  const anywhere: WrongAnswer[] = [
    { name: "a text", rule: { text: dice.pick(TEXTS) } },
    { name: "no body", rule: { text: "" } },
    { name: "204", rule: { status: 204 } },
    { name: "206", rule: { partial: dice.below(400) } },
    { name: "unframed", rule: { unframed: true } },
  ];
  if (pathname.includes("downloadResults")) {
    return dice.chance(0.3) ? dice.pick(anywhere) : { name: "a wrong file", rule: { file: dice.pick(FILES) } };
  }
  if (pathname.includes("/export/") && dice.chance(0.6)) {
    if (pathname.includes("/create")) return { name: "another export's id", rule: { anotherExport: "identity" } };
    return dice.pick([
      { name: "another export", rule: { anotherExport: "identity" } },
      { name: "another export's files", rule: { anotherExport: "files" } },
      { name: "an unknown state", rule: { exportState: dice.pick(["Canceled", "Paused", ""]) } },
      { name: "an export of another user", rule: { code: 46 } },
    ]);
  }
  if (pathname.endsWith("/query") && dice.chance(0.6)) {
    shortened.add(pathname);
    return { name: "a short page", rule: { shortPage: 1 + dice.below(199) } };
  }
  if (pathname === "/services/oauth2/token") return dice.pick(anywhere.slice(0, 3));
  return dice.pick(anywhere);
}
