import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { QUICK_DISK } from "../kit/quick-disk.ts";
import type { Landing } from "./land-files.ts";

// Holds G7 for the number of files of one window; bench/many-files.ts measures 100,000 of them.

const PROGRAM = join(import.meta.dirname, "land-files.ts");
const [FEW, MANY] = [1000, 16_000];

async function land(files: number): Promise<Landing> {
  const folder = await mkdtemp(join(QUICK_DISK, "pardot-etl-scale-"));
  try {
    const args = ["--max-old-space-size=96", PROGRAM, folder, String(files)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as Landing;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe(`a window of ${MANY} files against one of ${FEW}`, { timeout: 600_000 }, () => {
  let few: Landing;
  let many: Landing;
  beforeAll(async () => {
    few = await land(FEW);
    many = await land(MANY);
  }, 600_000);

  it("writes the same amount of state per file", () => {
    const perFile = ({ stateBytes, files }: Landing): number => stateBytes / files;
    expect(perFile(many)).toBeLessThan(perFile(few) * 1.1);
    expect(many.documents / many.files).toBeLessThan((few.documents / few.files) * 1.1);
  });

  it("leaves no larger and no more state documents", () => {
    expect(many.leftBytesMax).toBeLessThan(few.leftBytesMax * 1.2);
    // Entries since the last two snapshots, independent of the number before.
    expect(many.leftDocuments).toBeLessThan(450);
  });

  it("has each file in the manifest", () => {
    expect(many.manifestBytes / many.files).toBeGreaterThan(300);
  });

  it("uses at most 96 MB of heap, and stays below 200 MB resident", () => {
    expect(many.peakMegabytes).toBeLessThan(200);
  });
});
