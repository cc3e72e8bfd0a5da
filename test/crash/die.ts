/**
 * Loaded before the command line (`node --import`): kills the process with SIGKILL right before or after a file gets its
 * final name, the step that makes it durable in a folder. DIE_ON: part of the name; DIE_AT: which such name, counted from 1;
 * DIE_WHEN: before, after, or never: then the process lives and that step does not end. DIE_ON may also be a request to a
 * process of a warehouse, by its name: then it dies while that process works.
 */
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const { DIE_ON = "", DIE_AT = "1", DIE_WHEN = "after" } = process.env;
const { link } = fs.promises;
let seen = 0;

function die(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  // Block until the signal arrives.
  return new Promise(() => {});
}

fs.promises.link = async (from, to) => {
  if (String(to).includes(DIE_ON)) seen += 1;
  const isDue = String(to).includes(DIE_ON) && seen === Number(DIE_AT);
  if (isDue && DIE_WHEN === "never") await new Promise(() => {});
  if (isDue && DIE_WHEN === "before") await die();
  try {
    await link(from, to);
  } catch (error) {
    // No file got its name: the folder is made, and then the same link follows.
    if (String(to).includes(DIE_ON)) seen -= 1;
    throw error;
  }
  if (isDue) await die();
};

const { fork } = childProcess;
childProcess.fork = ((...given: Parameters<typeof fork>) => {
  const child = fork(...given);
  const send = child.send.bind(child) as (...message: unknown[]) => boolean;
  child.send = (request: unknown, ...more: unknown[]) => {
    const isSent = send(request, ...more);
    const isNamed = typeof request === "object" && request !== null && "op" in request && request.op === DIE_ON;
    if (isNamed) seen += 1;
    if (isNamed && seen === Number(DIE_AT)) void die();
    return isSent;
  };
  return child;
}) as typeof fork;
syncBuiltinESMExports();
