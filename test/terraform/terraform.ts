import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isExecutable } from "../kit/servers/executable.ts";

const execute = promisify(execFile);
/** With -verbose it prints whole states. */
const OUTPUT_BYTES_MAX = 64 * 1024 ** 2;
const folder = fileURLToPath(new URL("../../deploy/terraform", import.meta.url));

/** Path of the program; null if not installed. */
export function terraformProgram(): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((path) => path !== "");
  return folders.map((path) => join(path, "terraform")).find(isExecutable) ?? null;
}

/** Whether the real provider may be fetched from Terraform's registry. */
export function mayFetchProvider(): boolean {
  return process.env["PARDOT_ETL_TERRAFORM_REGISTRY"] === "1";
}

export interface Outcome {
  readonly code: number;
  /** Standard output and standard error. */
  readonly text: string;
}

/** A copy of the module for Terraform, which leaves files behind. */
export interface ModuleCopy {
  readonly path: string;
  /** Runs Terraform in the module or in a folder below it. */
  run(argv: readonly string[], below?: string): Promise<Outcome>;
  remove(): Promise<void>;
}

/** @param provider environment for the stand-in (stand-in-provider.ts); empty: the real one, which `init` fetches. */
export async function copyModule(program: string, provider: Readonly<Record<string, string>>): Promise<ModuleCopy> {
  const base = await mkdtemp(join(tmpdir(), "pardot-etl-terraform-"));
  const path = join(base, "module");
  await cp(folder, path, {
    recursive: true,
    filter: (name) => !/\.terraform(\.lock\.hcl)?$|\.tfstate|\.tfvars$/.test(name),
  });
  const env = { PATH: process.env["PATH"], HOME: base, CHECKPOINT_DISABLE: "1", ...provider };
  return {
    path,
    run: async (argv, below = ".") => {
      try {
        const { stdout, stderr } = await execute(program, [...argv, "-no-color"], {
          cwd: join(path, below),
          env,
          maxBuffer: OUTPUT_BYTES_MAX,
        });
        return { code: 0, text: stdout + stderr };
      } catch (error) {
        const { code, stdout = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
        if (typeof code !== "number") throw error;
        return { code, text: stdout + stderr };
      }
    },
    remove: async () => rm(base, { recursive: true, force: true }),
  };
}
