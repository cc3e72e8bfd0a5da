import process, { env } from "node:process";
import { COMMANDS } from "./commands/index.ts";
import { plainText } from "./help.ts";
import { streamOutput } from "./stream-output.ts";
import { packageVersion } from "./version.ts";

/** Called by bin.js. Help and version load nothing but the tables; everything else loads the program. */
export async function start(): Promise<void> {
  const text = plainText(process.argv.slice(2), COMMANDS, packageVersion());
  if (text === null) {
    const { runProgram } = await import("./program.ts");
    return runProgram();
  }
  const stdout = streamOutput(process.stdout, env);
  stdout.write(text);
  await stdout.drained();
  if (stdout.failure !== null) process.exitCode = 7;
}
