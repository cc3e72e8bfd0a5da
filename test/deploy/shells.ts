import { spawnSync } from "node:child_process";

/** The shells behind /bin/sh on various systems. */
const KNOWN = [
  { name: "dash", path: "/bin/dash" },
  { name: "bash --posix", path: "/bin/bash --posix" },
  // Alpine's.
  { name: "busybox ash", path: "/bin/busybox ash" },
] as const;

/** The installed ones. */
export const shells: readonly { readonly name: string; readonly path: string }[] = KNOWN.filter(({ path }) => {
  const [program = "", ...options] = path.split(" ");
  return spawnSync(program, [...options, "-c", "exit 0"]).status === 0;
});

/** Whether this machine must have all tools that check the scripts. */
export const areAllRequired: boolean = process.env["PARDOT_ETL_REQUIRE_SHELLS"] === "1";

export const missingShells: readonly string[] = KNOWN.filter(
  ({ name }) => !shells.some((own) => own.name === name),
).map(({ name }) => name);
