import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { Input } from "./io.ts";
import { terminalInput } from "./terminal-input.ts";

interface Terminal {
  readonly input: Input;
  readonly type: (text: string) => void;
  readonly shown: () => string;
  /** How often the stream was opened. */
  readonly opened: () => number;
}

function terminal(): Terminal {
  const keys = Object.assign(new PassThrough(), { isTTY: true });
  const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  let shown = "";
  screen.on("data", (chunk: Buffer) => (shown += chunk.toString("utf8")));
  let opened = 0;
  const open = (): NodeJS.ReadStream => ((opened += 1), keys as unknown as NodeJS.ReadStream);
  return {
    input: terminalInput(open, screen as unknown as NodeJS.WriteStream),
    type: (text) => void keys.write(text),
    shown: () => shown,
    opened: () => opened,
  };
}

test("a line is what a person typed and edited, and the stream is not opened before the first question", async () => {
  const at = terminal();
  expect(at.opened()).toBe(0);
  const answer = at.input.ask("name > ");
  at.type("Tagg\u007F\r");
  expect(await answer).toBe("Tag");
  expect(at.shown()).toContain("name > ");
  at.input.close();
});

test("lines that were pasted together answer the questions that follow", async () => {
  const at = terminal();
  const first = at.input.ask("1 > ");
  at.type("a\rb\rc\r");
  expect([await first, await at.input.ask("2 > "), await at.input.ask("3 > ")]).toEqual(["a", "b", "c"]);
  at.input.close();
});

test("Ctrl-D ends the answers", async () => {
  const at = terminal();
  const answer = at.input.ask("> ");
  at.type("\u0004");
  expect(await answer).toBeNull();
  expect(at.shown()).toMatch(/> \S*\n$/);
  expect(await at.input.ask("> ")).toBeNull();
});

test("Ctrl-C is a cancellation", async () => {
  const at = terminal();
  const answer = at.input.ask("> ");
  at.type("half\u0003");
  await expect(answer).rejects.toMatchObject({ exitCode: 130, message: "stopped by SIGINT" });
  at.input.close();
});
