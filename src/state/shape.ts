import { z } from "zod";

/**
 * The shape of documents that are read back: a disk, a person or another program may have changed one, and JSON that is
 * damaged may still be JSON. What a later version adds passes; what a reader of today relies on is checked.
 */
export const count: z.ZodType<number> = z.int().nonnegative();

export const textOrNull: z.ZodType<string | null> = z.string().nullable();

export const texts: z.ZodType<string[]> = z.array(z.string());

/** What is wrong with a value, in words and with its place; null when it has the shape. */
export function shapeProblem(shape: z.ZodType, value: unknown): string | null {
  const { error } = shape.safeParse(value);
  const [issue] = error?.issues ?? [];
  if (issue === undefined) return null;
  const place = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return `${place.replace(/^\./, "") || "it"}: ${issue.message}`;
}
