import { existsSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

const MEMORY = "/dev/shm";
const BYTES_MIN = 1024 ** 3;

/**
 * For thousands of small files, each of which is synced: a disk in memory where there is one with room, else the system's
 * temporary folder. A sync costs a third of the time of a test and proves nothing here, because no test cuts the power.
 */
export const QUICK_DISK: string = hasRoom(MEMORY) ? MEMORY : tmpdir();

function hasRoom(path: string): boolean {
  if (!existsSync(path)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize > BYTES_MIN;
}
