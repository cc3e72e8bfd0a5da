import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Which process on which machine, so that another one on the same machine can tell whether it still lives. */
export interface ProcessIdentity {
  readonly host: string;
  /**
   * Start of the machine, and the count of processes within it: containers on one machine share the former and may share
   * the host's name, and the first process of each has the id 1. Empty where the system does not tell.
   */
  readonly boot: string;
  readonly pid: number;
  /** Start of the process in the system's own count: a process id is given again, this with it is not. */
  readonly started: string;
}

export interface Processes {
  readonly self: ProcessIdentity;
  /** Whether a process is known to be dead: it ran on this machine since its last start and is gone. */
  isDead(identity: ProcessIdentity): boolean;
}

export const systemProcesses: Processes = {
  get self() {
    return { host: hostname(), boot: bootId(), pid: process.pid, started: startOf(process.pid) ?? "" };
  },
  isDead: ({ host, boot, pid, started }) => {
    if (host !== hostname() || boot === "" || boot !== bootId()) return false;
    return startOf(pid) !== started;
  },
};

/** Linux tells all of it in /proc; elsewhere nobody is called dead. */
function bootId(): string {
  const machine = read("/proc/sys/kernel/random/boot_id")?.trim();
  try {
    return machine === undefined ? "" : `${machine} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/**
 * Field 22 of /proc/<pid>/stat, the start time in clock ticks since the machine started (proc(5)); null when there is no
 * such process, or only what is left of one that its parent has not asked after: the first process of a container may
 * take its time with that, or never do it.
 */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold blanks and parentheses itself; after it come fields 3 and following.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  const [state, threads] = [fields[0], Number(fields[17])];
  const isOver = state === "X" || (state === "Z" && threads <= 1);
  return isOver ? null : (fields[19] ?? null);
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
