// Reads a business unit's settings, as Terraform writes them into /<name>/units/<unit>, and writes the `--overrides` of
// `aws ecs run-task` for it. The arguments are the command instead of the task's own.
import { readFileSync } from "node:fs";

/** @typedef {{ name: string, value: string }} Variable */

const command = process.argv.slice(2);
try {
  const unit = /** @type {{ environment?: Variable[], taskRoleArn?: string }} */ (JSON.parse(readFileSync(0, "utf8")));
  const { environment, taskRoleArn } = unit;
  if (!Array.isArray(environment)) throw new Error("it has no environment");
  const container = { name: "pardot-etl", environment, ...(command.length > 0 ? { command } : {}) };
  const overrides = { ...(taskRoleArn === undefined ? {} : { taskRoleArn }), containerOverrides: [container] };
  process.stdout.write(`${JSON.stringify(overrides)}\n`);
} catch (error) {
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`no settings of a unit: ${why.replaceAll(/\s+/g, " ")}\n`);
  process.exitCode = 1;
}
