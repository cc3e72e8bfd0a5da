import { exitCodeOf, failureOf, PardotEtlError, problemText } from "../../errors.ts";
import type { CheckLine } from "../api.ts";

export function lineOf(
  name: CheckLine["name"],
  status: CheckLine["status"],
  message: string,
  hint: string | null = null,
): CheckLine {
  return { name, status, message, hint, exitCode: 0 };
}

/** The line for a thrown error. Lists each of several problems, such as references that could not be resolved. */
export function failedLine(name: CheckLine["name"], error: unknown): CheckLine {
  const { message, hint } = failureOf(error);
  const problems = error instanceof PardotEtlError ? error.problems.map(problemText) : [];
  const text = problems.length === 0 ? message : `${message}: ${problems.join("; ")}`;
  return { name, status: "failed", message: text, hint, exitCode: exitCodeOf(error) };
}
