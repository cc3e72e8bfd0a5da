import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process and its machine, so that another process there can check whether it is still alive. */
export interface ProcessIdentity {
  readonly host: string;
  /**
   * The machine's start and the process namespace: containers on one machine share the start and perhaps the host name,
   * and the first process of each has the id 1. Empty if the system does not provide it.
   */
  readonly boot: string;
  readonly pid: number;
  /** Start of the process in the system's own unit: process ids are reused, the pair is not. */
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

/** Linux has all of it in /proc; on other systems no process counts as dead. */
function bootId(): string {
  const machine = read("/proc/sys/kernel/random/boot_id")?.trim();
  try {
    return machine === undefined ? "" : `${machine} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}

/**
 * Field 22 of /proc/<pid>/stat, the start time in clock ticks since the machine started (proc(5)); null if there is no
 * such process, or only a zombie: the first process of a container may reap it late or never.
 */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  // The name in parentheses may contain blanks and parentheses; fields 3 and following come after it.
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
