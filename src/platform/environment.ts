import { homedir } from "node:os";

/** This process's variables. */
export function ownEnvironment(): Readonly<NodeJS.ProcessEnv> {
  return process.env;
}

/** This process's variables of the given names, if they are set. A child process is started with them. */
export function inheritedVariables(names: readonly string[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const value = process.env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}

/**
 * Sets HOME to the root, as container engines do, if the system knows no home: HOME is not set and the user is a number
 * without a name. The AWS SDK looks for its files there, and Node throws instead of returning one.
 */
export function ensureHome(env: NodeJS.ProcessEnv, home: () => string = homedir): void {
  if (env["HOME"] !== undefined) return;
  try {
    home();
  } catch {
    env["HOME"] = "/";
  }
}
