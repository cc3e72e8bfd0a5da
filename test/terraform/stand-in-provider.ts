import { once } from "node:events";
import { createServer } from "node:http2";
import type { ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { delimited, readBytes } from "./protobuf.ts";
import { awsSchema, schemaAnswer } from "./provider-schema.ts";

const UNIMPLEMENTED = "12";
/** One byte for compression and four for the length of a message. */
const FRAME_HEAD_BYTES = 5;
const PROTOCOL_VERSION = 5;
const nothing = Buffer.alloc(0);

export interface StandInProvider {
  /** Environment variable that makes Terraform use this provider without its registry. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Replaces the provider hashicorp/aws if the real one cannot be fetched. It has only the schema (names, types, required
 * arguments), which is enough for `terraform validate` and tests with mocked providers, and lacks the real one's checks of
 * values. Speaks Terraform's plugin protocol 5 over gRPC on a loopback port of this process.
 */
export async function startProvider(): Promise<StandInProvider> {
  const schema = schemaAnswer(await awsSchema());
  // By the path of the call; an empty response has no diagnostics, which means "valid".
  const calls: Readonly<Record<string, (request: Buffer) => Buffer>> = {
    "/tfplugin5.Provider/GetSchema": () => schema,
    "/tfplugin5.Provider/PrepareProviderConfig": (request) => delimited(1, readBytes(request, 1) ?? nothing),
    "/tfplugin5.Provider/ValidateResourceTypeConfig": () => nothing,
    "/tfplugin5.Provider/ValidateDataSourceConfig": () => nothing,
    "/tfplugin5.Provider/Configure": () => nothing,
    "/tfplugin5.Provider/Stop": () => nothing,
  };
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  // Terraform may exit in the middle of a connection; its test reports anything missing.
  server.on("connection", (socket: Socket) => socket.on("error", ignore));
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", ignore);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    const path = headers[":path"] ?? "";
    const chunks: Buffer[] = [];
    stream.on("error", ignore);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => answer(stream, path, calls[path]?.(Buffer.concat(chunks).subarray(FRAME_HEAD_BYTES))));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const attach = {
    Protocol: "grpc",
    ProtocolVersion: PROTOCOL_VERSION,
    Pid: process.pid,
    // Terraform must not stop it.
    Test: true,
    Addr: { Network: "tcp", String: `127.0.0.1:${port}` },
  };
  return {
    env: { TF_REATTACH_PROVIDERS: JSON.stringify({ "registry.terraform.io/hashicorp/aws": attach }) },
    close: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function ignore(): void {}

function answer(stream: ServerHttp2Stream, path: string, message: Buffer | undefined): void {
  // Terraform cancels calls that it no longer needs.
  if (stream.destroyed) return;
  const head = { ":status": 200, "content-type": "application/grpc" };
  if (message === undefined) {
    stream.respond({ ...head, "grpc-status": UNIMPLEMENTED, "grpc-message": `no ${path} here` }, { endStream: true });
    return;
  }
  const frame = Buffer.alloc(FRAME_HEAD_BYTES);
  frame.writeUInt32BE(message.length, 1);
  stream.respond(head, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.concat([frame, message]));
}
