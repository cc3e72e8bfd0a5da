import type { HttpRequest } from "../../src/http/transport.ts";
import type { Dice } from "./dice.ts";

/** A rule of the simulator's script without its path. */
export interface WrongResponse {
  readonly name: string;
  readonly rule: Readonly<Record<string, unknown>>;
}

const TEXTS = ["upstream request timeout\n", "Error\nquery timed out\n", '"Not authorized"\n'];

/**
 * Wrong headers, and bodies that start or end in the wrong place. Not invalid UTF-8: it is repaired on arrival, so the landed
 * data would differ from the account's.
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
 * A successful response of the wrong kind to a request; null if there is none for it. Each comes once, and is recognizable as
 * wrong, unlike a file that ends with a complete record or a header alone.
 */
export function wrongResponseTo(request: HttpRequest, dice: Dice): WrongResponse | null {
  const { pathname } = request.url;
  const anywhere: WrongResponse[] = [
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
    return { name: "a short page", rule: { shortPage: 1 + dice.below(199) } };
  }
  if (pathname === "/services/oauth2/token") return dice.pick(anywhere.slice(0, 3));
  return dice.pick(anywhere);
}
