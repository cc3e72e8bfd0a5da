import { shortened } from "../../text.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";

/** Longest text of others: Pardot's own words can be long. */
const TEXT_MAX = 500;

export function short(text: string): string {
  return shortened(text, TEXT_MAX);
}

/** `2026-03-20 06:00Z`; `the beginning` for the start of a whole history, `-` for none. */
export function minute(instant: string | null): Markup {
  if (instant === null || instant === "") return markup`-`;
  if (instant.startsWith("1900-01-01")) return markup`the beginning`;
  return markup`<span class="time">${instant.slice(0, 16).replace("T", " ")}${instant.endsWith("Z") ? "Z" : ""}</span>`;
}

const UNITS = ["bytes", "KB", "MB", "GB", "TB"] as const;

/** `812 bytes`, `1.4 MB`; a KB has 1,000 bytes. */
export function bytesText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 ? 0 : 1;
  return `${value.toLocaleString("en-US", { maximumFractionDigits: digits })} ${UNITS[unit] ?? ""}`;
}

/** `12.4 %`. */
export function percent(part: number, whole: number): string {
  return whole <= 0 ? "?" : `${(Math.round((part / whole) * 1000) / 10).toLocaleString("en-US")} %`;
}

/** `Tag, List and Form`; `Tag, List and 12 more`. */
export function listed(names: readonly string[], max = 5): string {
  const shown = names.length > max ? [...names.slice(0, max - 1), `${names.length - max + 1} more`] : names;
  const last = shown.at(-1) ?? "";
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(", ")} and ${last}`;
}

/** For what only a manifest records. */
export const NOT_RECORDED = "Not on record, because the run has no manifest that can be read.";
