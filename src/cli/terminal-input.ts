import type { Interface } from "node:readline";
import { CancelledError } from "../errors.ts";
import type { Input } from "./io.ts";

interface Waiting {
  readonly resolve: (line: string | null) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The lines that a person types. Neither Node's line editor nor the stream is opened before the first question. One
 * editor serves all questions, because pasted lines arrive together.
 */
export function terminalInput(input: () => NodeJS.ReadStream, output: NodeJS.WriteStream): Input {
  let editor: Interface | null = null;
  let isClosed = false;
  const typed: string[] = [];
  let waiting: Waiting | null = null;
  const take = (): Waiting | null => {
    const taken = waiting;
    waiting = null;
    return taken;
  };
  const open = async (): Promise<Interface> => {
    const { createInterface } = await import("node:readline");
    const opened = createInterface({ input: input(), output });
    opened.on("line", (line) => {
      const asked = take();
      if (asked === null) typed.push(line);
      else asked.resolve(line);
    });
    opened.on("close", () => {
      isClosed = true;
      const asked = take();
      if (asked !== null) output.write("\n");
      asked?.resolve(null);
    });
    // The editor takes Ctrl-C for itself.
    opened.on("SIGINT", () => {
      output.write("\n");
      take()?.reject(new CancelledError("stopped by SIGINT", { code: "run.cancelled", hint: "Nothing was changed." }));
    });
    return opened;
  };
  return {
    get isTerminal() {
      return input().isTTY;
    },
    ask: async (prompt) => {
      editor ??= await open();
      const ready = typed.shift();
      if (ready !== undefined || isClosed) {
        output.write(`${prompt}${ready ?? ""}\n`);
        return ready ?? null;
      }
      editor.setPrompt(prompt);
      editor.prompt();
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      });
    },
    close: () => editor?.close(),
  };
}
