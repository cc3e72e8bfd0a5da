const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

/** Reads `16MB` (16,000,000 bytes) and `16MiB` (16,777,216 bytes); null for anything else. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,12})(B|kB|KB|MB|GB|KiB|MiB|GiB)$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNIT_BYTES[match[2]];
  return unit === undefined ? null : Number(match?.[1]) * unit;
}

/** The shortest decimal text that `parseSize` reads back: `16MB`, `1024B`. */
export function formatSize(bytes: number): string {
  const unit = bytes === 0 ? "B" : (["GB", "MB", "kB"].find((name) => bytes % (UNIT_BYTES[name] ?? 1) === 0) ?? "B");
  return `${bytes / (UNIT_BYTES[unit] ?? 1)}${unit}`;
}
