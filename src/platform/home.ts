import { homedir } from "node:os";

/**
 * Names a home where the system knows none: HOME is not set and the user is a number without a name, as in many a
 * container. The AWS SDK looks for its files there, and Node throws instead of answering. It is the root, as container
 * engines say in that case.
 */
export function nameHome(env: NodeJS.ProcessEnv, ask: () => string = homedir): void {
  if (env["HOME"] !== undefined) return;
  try {
    ask();
  } catch {
    env["HOME"] = "/";
  }
}
