const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `90s`, `5m`, `6h`, `1d` as milliseconds; null for anything else: no fractions, no sign, no sums. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})([smhd])$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNIT_MS[match[2]];
  return unit === undefined ? null : Number(match?.[1]) * unit;
}

/** The shortest text that `parseDuration` reads back: `90s`, `1d`. Milliseconds below a second are cut. */
export function formatDuration(ms: number): string {
  const unit = ms === 0 ? "s" : (["d", "h", "m"].find((name) => ms % (UNIT_MS[name] ?? 1) === 0) ?? "s");
  return `${Math.floor(ms / (UNIT_MS[unit] ?? 1))}${unit}`;
}
