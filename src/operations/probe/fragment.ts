import type { Override } from "./question.ts";

/** Several overrides as one: maps are merged. */
export function mergeOverrides(overrides: readonly Override[]): Override {
  return overrides.reduce<Override>((all, one) => merged(all, one), {});
}

function merged(a: Override, b: Override): Override {
  const both = Object.entries(b).map(([key, value]): [string, Override[string]] => {
    const known = a[key];
    return [key, isMap(known) && isMap(value) ? merged(known, value) : value];
  });
  return { ...a, ...Object.fromEntries(both) };
}

function isMap(value: Override[string] | undefined): value is Override {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The section `catalog` of pardot-etl.yaml; null for no override. Maps as blocks, lists in brackets. */
export function catalogFragment(overrides: Override): string | null {
  return Object.keys(overrides).length === 0 ? null : `catalog:\n${block(overrides, "  ")}`;
}

function block(map: Override, indent: string): string {
  return Object.entries(map)
    .map(([key, value]) =>
      isMap(value) && Object.keys(value).length > 0
        ? `${indent}${key}:\n${block(value, `${indent}  `)}`
        : `${indent}${key}: ${JSON.stringify(value)}\n`,
    )
    .join("");
}
