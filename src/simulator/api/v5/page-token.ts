/** Page tokens: they freeze filters, order and limit, live four hours, and hold where the next page begins. */
import { hashText } from "../../account/random.ts";
import type { Position } from "./order.ts";

export interface PageToken {
  readonly object: string;
  /** Filters, `deleted`, `orderBy` and `limit` of the first query. */
  readonly where: Readonly<Record<string, string>>;
  /** The last row of the page before. */
  readonly last: Position | null;
  /** Rows of the sequence so far, hidden ones included. */
  readonly seen: number;
  /** Milliseconds of the clock's `elapsed`. */
  readonly issued: number;
}

export function writeToken(token: PageToken): string {
  const text = Buffer.from(JSON.stringify(token)).toString("base64url");
  return `${text}.${hashText(text).toString(36)}`;
}

/** Null for a text that is not a token. */
export function readToken(text: string): PageToken | null {
  const [body = "", sum] = text.split(".");
  if (hashText(body).toString(36) !== sum) return null;
  return JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as PageToken;
}
