import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";
import { INSTALL_S3, missingS3Programs, s3IsRequired } from "./s3-programs.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Answers with the S3 server of this run, starting it first if nobody has asked before. */
    readonly s3Starter: string;
  }
}

/**
 * Once per `vitest run`: a starter for the S3 server that all test processes share. The server itself comes up on the
 * first request only, so that a run without such tests does not wait for it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = missingS3Programs();
  if (missing.length > 0 && s3IsRequired()) {
    throw new Error(`PARDOT_ETL_REQUIRE_S3=1, but ${missing.join(", ")} not installed: ${INSTALL_S3}`);
  }
  let program: ChildProcess | null = null;
  let started: Promise<string> | null = null;
  const starter = createServer((_request, response) => {
    if (started === null) {
      program = spawn(process.execPath, [join(import.meta.dirname, "ceph.ts")], { stdio: ["pipe", "pipe", "pipe"] });
      started = firstLine(program);
    }
    started.then(
      (line) => response.end(line),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  project.provide("s3Starter", await listen(starter));
  return async () => {
    starter.close();
    if (program !== null) await stop(program);
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the starter has no port");
  return `http://127.0.0.1:${address.port}/`;
}

async function firstLine(program: ChildProcess): Promise<string> {
  const { stdout, stderr } = program;
  if (stdout === null || stderr === null) throw new Error("the server program has no output");
  let complaints = "";
  stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error(complaints.trim());
}

/** The end of its input tells it to stop its daemons, as would our own death. */
async function stop(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const ended = once(program, "exit");
  program.stdin?.end();
  await ended;
}
