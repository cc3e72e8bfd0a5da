import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { existsSync } from "node:fs";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** A stand-in's response to calls that start with these words. */
export interface Answer {
  readonly when: string;
  /** Several responses, one per call; the last one repeats. */
  readonly out?: string | readonly string[];
  readonly err?: string;
  readonly code?: number;
  /** Only so many first calls fail, with code 254 and `err`. */
  readonly failsFirst?: number;
  /** Simulates Ctrl-C during the call, which reaches every script that waits. */
  readonly interrupts?: boolean;
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** All calls of stand-ins, in order, as shell commands. */
  readonly calls: readonly string[];
  /** Input of `docker login`. */
  readonly password: string;
  /** File passed to register-task-definition. */
  readonly registered: Readonly<Record<string, unknown>> | null;
}

/** A checkout with the scripts, and stand-ins first in the PATH. */
export interface Checkout {
  /** Runs a script of deploy/. */
  run(script: string, ...args: readonly string[]): Promise<Outcome>;
  write(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** Programs that the scripts may use in addition to the stand-ins. None of them uses the network. */
const TOOLS = ["cat", "chmod", "cut", "dirname", "grep", "mktemp", "rm", "sed", "sh", "tail", "wc"];

/**
 * Records its words, one byte of its own between them, and answers by the first line of the table that fits. All that it
 * says stands in it: to read files would start a process for each.
 */
function standIn(answers: readonly Answer[]): string {
  return `#!/bin/sh
tool=\${0##*/}
{ printf '%s' "$tool"; for word; do printf '\\037%s' "$word"; done; printf '\\036'; } >>"$STAND_INS/calls"
case $* in
  *--password-stdin*) cat >"$STAND_INS/password" ;;
  *register-task-definition*) for word; do case $word in file://*) cat "\${word#file://}" >"$STAND_INS/registered" ;; esac; done ;;
esac
case "$tool $*" in
${answers.map(branchOf).join("")}  *) echo "$tool: unexpected: $*" >&2; exit 99 ;;
esac
`;
}

function branchOf(
  { when, out = "", err = "", code = 0, failsFirst, interrupts = false }: Answer,
  number: number,
): string {
  const outs = typeof out === "string" ? [out] : out;
  const turns = outs.map((text, turn) => `${turn + 1 < outs.length ? turn + 1 : "*"}) ${say(text)} ;;`);
  const count = `"$STAND_INS/${number}.count"`;
  return [
    `  ${quoted(when)}*)`,
    ...(interrupts ? ["trap '' INT; kill -s INT 0"] : []),
    ...(err === "" || failsFirst !== undefined ? [] : [`${say(err)} >&2`, MORE]),
    ...(failsFirst === undefined ? [] : [failing(`"$STAND_INS/${number}.failed"`, failsFirst, err)]),
    outs.length === 1 ? say(outs[0] ?? "") : `echo >>${count}; case $(($(wc -l <${count}))) in ${turns.join(" ")} esac`,
    `exit ${code} ;;\n`,
  ].join("\n    ");
}

function failing(count: string, times: number, err: string): string {
  return `echo >>${count}; [ $(($(wc -l <${count}))) -gt ${times} ] || { ${say(err)} >&2; exit 254; }`;
}

/** What newer versions of the AWS command line add to an error, unless they are told otherwise. */
const MORE = `[ "$tool" != aws ] || [ "\${AWS_CLI_ERROR_FORMAT-}" = legacy ] ||
      printf '\\nAdditional error details:\\nType: User\\n' >&2`;

function say(text: string): string {
  return `printf '%s' ${quoted(text)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** `shell` runs the scripts, as the first line of each. `without` names a tool that is not installed. */
export async function checkout(options: {
  readonly shell: string;
  readonly answers: readonly Answer[];
  readonly files: Readonly<Record<string, string>>;
  readonly without?: string | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
}): Promise<Checkout> {
  const root = await mkdtemp(join(tmpdir(), "pardot-etl-deploy-"));
  const bin = join(root, "bin");
  const state = join(root, "stand-ins");
  const tree = join(root, "tree");
  for (const folder of [bin, state, join(root, "tmp"), join(tree, "deploy")]) await mkdir(folder, { recursive: true });
  // A fixed version, so the page that shows it doesn't change.
  const manifest = await readFile(join(REPOSITORY, "package.json"), "utf8");
  await writeFile(join(tree, "package.json"), manifest.replace(/"version": ".*"/, '"version": "1.2.3"'));
  for (const name of await readdir(join(REPOSITORY, "deploy"))) {
    if (!/\.(sh|mjs)$/.test(name)) continue;
    const text = await readFile(join(REPOSITORY, "deploy", name), "utf8");
    await writeFile(join(tree, "deploy", name), text.replace(/^#!\/bin\/sh\n/, `#!${options.shell}\n`));
    if (text.startsWith("#!")) await chmod(join(tree, "deploy", name), 0o755);
  }
  const write: Checkout["write"] = (name, text) => writeFile(join(tree, name), text);
  for (const [name, text] of Object.entries(options.files)) await write(name, text);
  for (const tool of ["aws", "docker", "git", "sleep"]) {
    await writeFile(join(bin, tool), standIn(options.answers));
    await chmod(join(bin, tool), 0o755);
  }
  for (const tool of TOOLS) await symlink(findTool(tool), join(bin, tool));
  await symlink(process.execPath, join(bin, "node"));
  if (options.without !== undefined) await rm(join(bin, options.without));
  const read = async (name: string): Promise<string> => readFile(join(state, name), "utf8").catch(() => "");
  return {
    run: async (script, ...args) => {
      // From another folder, like a user may; the environment has only the necessary variables.
      const child = spawn(join(tree, "deploy", script), args, {
        cwd: root,
        env: { PATH: bin, STAND_INS: state, TMPDIR: join(root, "tmp"), ...options.variables },
        stdio: ["ignore", "pipe", "pipe"],
        // A process group, as a terminal's job has.
        detached: true,
      });
      const said = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const) {
        child[name].setEncoding("utf8").on("data", (text: string) => (said[name] += text));
      }
      const [code] = (await once(child, "close")) as [number | null];
      const calls = (await read("calls")).split("\u001E").slice(0, -1);
      const registered = await read("registered");
      const left = await readdir(join(root, "tmp"));
      if (left.length > 0) throw new Error(`${script} left ${left.join(", ")} in the temporary folder`);
      return {
        code,
        ...said,
        calls: calls.map((call) => typed(call.split("\u001F"))),
        password: await read("password"),
        registered: registered === "" ? null : (JSON.parse(registered) as Outcome["registered"]),
      };
    },
    write,
    close: () => rm(root, { recursive: true, force: true }),
  };
}

/** A call as a shell command, without the name of the temporary file. */
function typed(words: readonly string[]): string {
  return words
    .map((word) => word.replace(/^file:\/\/.*\/next$/, "file://next"))
    .map((word) => (/^[A-Za-z0-9_./:,@=+-]+$/.test(word) ? word : quoted(word)))
    .join(" ");
}

function findTool(name: string): string {
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${name} is not on the PATH`);
  return found;
}
