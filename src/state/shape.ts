import { z } from "zod";

/**
 * The shape of documents that are read back: a disk, a person or another program may have changed one, and JSON that is
 * damaged may still be JSON. Additions of a later version pass; members that this version relies on are checked.
 */
export const count: z.ZodType<number> = z.int().nonnegative();

export const textOrNull: z.ZodType<string | null> = z.string().nullable();

export const texts: z.ZodType<string[]> = z.array(z.string());

/** The problem of a value, in words and with its place; null if it has the shape. */
export function shapeProblem(shape: z.ZodType, value: unknown): string | null {
  const { error } = shape.safeParse(value);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return null;
  const place = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return `${place.replace(/^\./, "") || "it"}: ${issue.message}`;
}

/** Reads a document back. Throws an error with the problem if it is not UTF-8, not JSON, or has another shape. */
export function parseDocument(shape: z.ZodType, bytes: Uint8Array): unknown {
  const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  const problem = shapeProblem(shape, value);
  if (problem !== null) throw new Error(problem);
  return value;
}

/** A document as one line of JSON. */
export function documentBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value)}\n`);
}
