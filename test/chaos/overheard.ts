/** Maximum bytes kept of a connection; accounts of this harness are smaller. */
const KEPT = 4 * 1024 * 1024;

/** The traffic, as an observer without TLS would see it. */
export class Overheard {
  /** Texts that only the two ends may see; issued access tokens are added. */
  readonly secrets: Set<string>;
  readonly #asked = new Map<object, string>();

  constructor(secrets: Iterable<string>) {
    this.secrets = new Set(secrets);
  }

  asked(connection: object, chunk: Buffer): void {
    const text = this.#asked.get(connection) ?? "";
    if (text.length < KEPT) this.#asked.set(connection, text + chunk.toString("latin1"));
  }

  answered(chunk: Buffer): void {
    const token = /"access_token"\s*:\s*"([^"]+)"/.exec(chunk.toString("latin1"))?.[1];
    if (token !== undefined) this.secrets.add(token);
  }

  /** G8: a secret belongs only in the header Authorization and in the body of a token request, which is one line. */
  leaks(): string[] {
    const lines = [...this.#asked.values()].flatMap((text) => text.split("\r\n"));
    const elsewhere = lines.filter((line) => !/^authorization: /i.test(line) && !/^[a-z_&=]*grant_type=/.test(line));
    return [...this.secrets].flatMap((secret) =>
      elsewhere
        .filter((line) => line.includes(secret))
        .map((line) => `G8 a secret went over the wire in ${line.split(secret)[0]?.slice(-80)}…`),
    );
  }
}
