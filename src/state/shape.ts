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
