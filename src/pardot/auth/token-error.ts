import type { AuthFlow } from "../../config/config.ts";

/** A text that is the same in every flow, or one for `any` flow and others for some. */
export type PerFlow = string | ({ readonly any: string } & { readonly [Flow in AuthFlow]?: string });

/** A kind of answer without a token: plain data. */
export interface TokenError {
  /** OAuth's word for it. */
  readonly error: string;
  /** Parts of `error_description` in lower case, of which one must be there; empty: whatever it says. */
  readonly descriptions: readonly string[];
  /** Stable name for machines, after `auth.`. */
  readonly name: string;
  /** What it means, lower case. */
  readonly meaning: PerFlow;
  /** What to do, a sentence that names only what the flow has. */
  readonly hint: PerFlow;
  /**
   * `no`: a person must act · `wait`: a second or so, another request is under way · `back-off`: growing pauses ·
   * `clock`: once more by Salesforce's clock, if ours has proven wrong; else a person must act
   */
  readonly retry: "no" | "wait" | "back-off" | "clock";
}

/** The text for a flow. */
export function inFlow(text: PerFlow, flow: AuthFlow): string {
  return typeof text === "string" ? text : (text[flow] ?? text.any);
}
