import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../errors.ts";
import { SIMULATOR_OPTIONS, SIMULATOR_USERNAME } from "../../simulator/index.ts";
import type { SimulatorOptions } from "../../simulator/index.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { stopOnSignals } from "../signals.ts";

const PROGRAM = fileURLToPath(new URL("../../bin.js", import.meta.url));

/** The first line of `simulate`: what a client needs, or why it did not start. */
type FirstLine = Readonly<Record<"url" | "business_unit_id" | "client_id" | "client_secret" | "refresh_token", string>>;
type Refusal = { readonly error: { readonly code: string; readonly message: string; readonly hint: string } };

/**
 * Starts `simulate` as a process that stays when this one ends, because a shell waits for the end of the command in
 * `eval "$(…)"`, and prints the variables of a client.
 */
export async function simulateInBackground(context: CommandContext, options: SimulatorOptions): Promise<number> {
  const { io } = context;
  const words = simulatorTexts(context).flatMap(([flag, value]) =>
    (typeof value === "string" ? [value] : value).map((text) => `--${flag}=${text}`),
  );
  const stop = stopOnSignals(io, { graceMs: 0, afterwards: "no account is simulated" });
  const child = spawn(process.execPath, [PROGRAM, "simulate", "--json", ...words], {
    cwd: io.cwd,
    // Detached, Ctrl-C at the same terminal does not reach it. It reads no variables, and secrets stay here.
    detached: true,
    env: {},
    stdio: ["ignore", "pipe", "ignore"],
  });
  const kill = (): void => void child.kill();
  stop.signal.addEventListener("abort", kill);
  try {
    const line = await firstLine(child);
    stop.signal.throwIfAborted();
    if ("error" in line) {
      const { code, message, hint } = line.error;
      throw new UsageError(message, { code, hint });
    }
    const variables = variablesOf(line, options);
    const pid = child.pid ?? 0;
    const exported = [...variables, ["SIMULATOR_PID", String(pid)]].map((each) => `export ${each.join("=")}\n`);
    const json = (): string => `${JSON.stringify({ variables: Object.fromEntries(variables), pid }, null, 2)}\n`;
    io.stdout.write(hasOption(context.options, "--json") ? json() : exported.join(""));
    io.stderr.write(`A simulated Pardot listens at ${line.url} as process ${pid}; kill ${pid} stops it.\n`);
    if (options.jwtPublicKey !== undefined) {
      io.stderr.write("Set PARDOT_PRIVATE_KEY_FILE to the file of the certificate's private key.\n");
    }
    return 0;
  } finally {
    stop.signal.removeEventListener("abort", kill);
    stop.release();
    child.stdout?.destroy();
    child.unref();
  }
}

/** The given options of the simulator, by flag without dashes. A path does not depend on the working folder. */
export function simulatorTexts({ io, options }: CommandContext): (readonly [string, string | readonly string[]])[] {
  return SIMULATOR_OPTIONS.flatMap(({ flag }) => {
    const value = options[`--${flag}`];
    if (value === undefined || typeof value === "boolean") return [];
    return [[flag, flag === "certificate" && typeof value === "string" ? resolve(io.cwd, value) : value] as const];
  });
}

async function firstLine(child: ChildProcess): Promise<FirstLine | Refusal> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await Promise.race([
    once(lines, "line"),
    once(child, "close").then(([code, signal]) => {
      throw new Error(`the process of the simulated account ended before it was ready (${String(signal ?? code)})`);
    }),
  ])) as [string];
  lines.close();
  return JSON.parse(line) as FirstLine | Refusal;
}

/** What a person would set to work with the account, in the order of docs/configuration.md. */
function variablesOf(line: FirstLine, options: SimulatorOptions): (readonly [string, string])[] {
  const isJwt = options.jwtPublicKey !== undefined;
  return [
    ["PARDOT_BUSINESS_UNIT_ID", line.business_unit_id],
    ["PARDOT_API_URL", line.url],
    ["PARDOT_LOGIN_URL", line.url],
    ["PARDOT_TIMEZONE", options.timezone ?? "UTC"],
    ["PARDOT_ACCOUNT_TIMEZONE", options.accountTimezone ?? options.timezone ?? "UTC"],
    ["PARDOT_AUTH_FLOW", isJwt ? "jwt" : "refresh_token"],
    ["PARDOT_CLIENT_ID", line.client_id],
    ...(isJwt
      ? ([["PARDOT_USERNAME", SIMULATOR_USERNAME]] as const)
      : ([
          ["PARDOT_CLIENT_SECRET", line.client_secret],
          ["PARDOT_REFRESH_TOKEN", line.refresh_token],
        ] as const)),
    ["PARDOT_ETL_DESTINATION", "./data"],
    ["PARDOT_ETL_WAREHOUSE", "duckdb:./pardot.duckdb"],
  ];
}
