/** Instants of API v5: with the offset of the user's zone in responses, with any numeric offset in filters. */
import { localText } from "../../account/timezone.ts";
import type { Timezone } from "../../account/timezone.ts";

/** `YYYY-MM-DDTHH:MM:SS±HH:MM` (vendor docs, v5 overview; sample of lifecycle histories). */
export function instantText(second: number, zone: Timezone): string {
  const local = zone.toLocal(second);
  const minutes = Math.abs(local - second) / 60;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${localText(local).replace(" ", "T")}${local < second ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** As the truth shows it: `YYYY-MM-DD HH:MM:SS` in UTC. */
export function utcText(second: number): string {
  return localText(second);
}

const FORM = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})([+-])(\d{2}):(\d{2})$/;

/**
 * Seconds since 1970, null if invalid. `Z`, a missing offset and fractions are (PostHog PR 102066: `Invalid date time
 * value`; vendor docs, v5 overview). So is an unencoded plus sign, which arrives as a blank.
 */
export function parseInstant(text: string): number | null {
  const [, local, sign, hours, minutes] = FORM.exec(text) ?? [];
  if (local === undefined) return null;
  const second = Date.parse(`${local}Z`) / 1000;
  // Dates that don't exist roll over silently.
  if (!Number.isFinite(second) || localText(second) !== local.replace("T", " ")) return null;
  const offset = Number(hours) * 3_600 + Number(minutes) * 60;
  return sign === "-" ? second + offset : second - offset;
}
