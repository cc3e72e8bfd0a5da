import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";

/** The result of reading a file that must be small. */
export type SmallFile =
  | { readonly kind: "text"; readonly text: string; readonly mode: number }
  | { readonly kind: "too-large" }
  /** A pipe, a device or a socket: reading it may block forever, or take data from another reader. */
  | { readonly kind: "not-regular" };

/**
 * Reads a small regular file as UTF-8. Never waits for a writer and never takes more than `bytesMax` into memory, even
 * if the reported size is wrong, as in /proc. Throws the bare file system error.
 */
export async function readSmallFile(path: string, bytesMax: number): Promise<SmallFile> {
  const before = await stat(path);
  // A folder continues and fails with the system's own error.
  if (!before.isFile() && !before.isDirectory()) return { kind: "not-regular" };
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { mode, size } = await file.stat();
    if (size > bytesMax) return { kind: "too-large" };
    const buffer = Buffer.alloc(bytesMax + 1);
    let filled = 0;
    while (filled <= bytesMax) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, null);
      if (bytesRead === 0) return { kind: "text", text: buffer.toString("utf8", 0, filled), mode };
      filled += bytesRead;
    }
    return { kind: "too-large" };
  } finally {
    await file.close();
  }
}

/** The expectation if the name is of something else. */
export const NOT_REGULAR = "a regular file; this is a pipe, a device or a socket";
