import { execFileSync, spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { COMMON_OPTIONS } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { main } from "../../src/cli/main.ts";
import { fakeIo } from "../kit/fakes/io.ts";

async function script(shell: string): Promise<string> {
  const io = fakeIo();
  expect(await main(["completion", shell], io)).toBe(0);
  return io.stdout.text();
}

/** What bash offers for a line, by the function that it would call. */
async function offered(line: string): Promise<readonly string[]> {
  const words = line.split(" ");
  const typed = [
    await script("bash"),
    `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}) COMP_CWORD=${words.length - 1}`,
    "_pardot_etl",
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join("\n");
  const text = execFileSync("bash", ["--norc", "-u", "-c", typed], { encoding: "utf8", cwd: import.meta.dirname });
  return text.split("\n").filter((word) => word !== "");
}

describe("completion in bash", () => {
  test.each([
    ["pardot-etl ver", ["verify"]],
    ["pardot-etl run Visitor", ["VisitorActivity", "Visitor", "VisitorPageView"]],
    ["pardot-etl --json run --acc", ["--accept-gap"]],
    ["pardot-etl run Tag --si", ["--since"]],
    ["pardot-etl status --acc", []],
    ["pardot-etl status Vis", []],
    ["pardot-etl run --since ", []],
    ["pardot-etl run --config completion.t", ["completion.test.ts"]],
    ["pardot-etl help auth", ["authentication"]],
    ["pardot-etl completion z", ["zsh"]],
    ["pardot-etl --log", ["--log-level"]],
  ])("of %j offers %j", async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  test("of nothing offers every command", async () => {
    const words = await offered("pardot-etl ");
    expect(words).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
  });
});

describe.each(["bash", "zsh", "fish"])("the script for %s", (shell) => {
  test("has every command and option, and is valid where the shell is installed", async () => {
    const text = await script(shell);
    for (const { name, options } of COMMANDS) {
      expect(text).toContain(name);
      for (const { flag } of [...options, ...COMMON_OPTIONS])
        expect(text).toContain(shell === "fish" ? ` -l ${flag.slice(2)}` : flag);
    }
    const { error, status } = spawnSync(shell, ["-n"], { input: text });
    if (error === undefined) expect(status).toBe(0);
  });

  test("keeps quotes balanced on every line", async () => {
    for (const line of (await script(shell)).split("\n")) expect((line.split("'").length - 1) % 2, line).toBe(0);
  });
});

test("another shell is refused with those that there are", async () => {
  const io = fakeIo();
  expect(await main(["completion", "tcsh"], io)).toBe(2);
  expect(io.stderr.text()).toContain("Give one of bash, zsh, fish.");
});
