import { createServer } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";

/** An HTTP proxy on this machine that only opens tunnels. */
export interface ConnectProxy {
  readonly url: string;
  /** `host:port` of every tunnel that was requested, in order. */
  readonly tunnels: string[];
  /** Requests that came without a tunnel, for the proxy to read. */
  readonly plain: string[];
  close(): Promise<void>;
}

/** `refuses`: the status for every tunnel; hosts that are not this machine are refused with 502 in any case. */
export async function startConnectProxy(refuses: number | null = null): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const plain: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    plain.push(request.url ?? "");
    response.writeHead(403).end();
  });
  server.on("connection", (socket) => void sockets.add(socket));
  server.on("connect", (request, socket) => {
    const target = request.url ?? "";
    tunnels.push(target);
    const [host = "", port = ""] = target.split(":");
    socket.on("error", () => socket.destroy());
    if (refuses !== null || host !== "127.0.0.1") {
      socket.end(`HTTP/1.1 ${refuses ?? 502} refused\r\n\r\n`);
      return;
    }
    const far = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      far.pipe(socket).pipe(far);
    });
    sockets.add(far);
    far.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    tunnels,
    plain,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
