import { chmod } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import type { Clock } from "../../platform/clock.ts";
import { systemProcesses } from "../../platform/process-identity.ts";
import type { Processes } from "../../platform/process-identity.ts";
import type { Random } from "../../platform/random.ts";
import { checkKey, checkPrefix, compareKeys, TEMPORARY_PREFIX } from "../key.ts";
import { folderError, isErrno } from "../local-errors.ts";
import { spooledBytes, verifyUnchanged } from "../spooled-bytes.ts";
import { missingError, requireSame } from "../storage.ts";
import type { SpooledFile, Storage, StoredFile } from "../storage.ts";
import { inFolder, link, linkExclusively, placeTemporary, removeFile, syncPath, writeTemporary } from "./link.ts";
import type { Link, Placed } from "./link.ts";
import { chunksOf, fingerprint, listBelow, openFile, readDocument, statFile } from "./read.ts";
import { claimName, removeLeftovers } from "./temporary.ts";
import type { Tidied } from "./temporary.ts";

export interface FolderOptions {
  /** Absolute, or relative to the working directory. The first write creates a missing folder. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Default: link(2). */
  readonly link?: Link;
  /** Default: the processes of this machine. */
  readonly processes?: Processes;
}

/**
 * A destination folder. A landed file is the spooled file itself under a second name where both are on one file system,
 * else a synced copy made below `_pardot_etl/tmp/` and then linked. So a name appears in one step with all its bytes,
 * and never over another. `stat` and `list` have no SHA-256; `publish` compares the real bytes.
 */
export class FolderStorage implements Storage {
  readonly location: string;
  readonly #options: FolderOptions;
  readonly #temporary: string;
  readonly #link: Link;
  /** Read once, before anything else runs: Node can only read the umask by setting it for an instant. */
  readonly #landedMode: number = 0o666 & ~process.umask();

  constructor(options: FolderOptions) {
    this.#options = options;
    this.location = resolve(options.path);
    this.#temporary = join(this.location, TEMPORARY_PREFIX);
    this.#link = options.link ?? link;
  }

  async publish(key: string, file: SpooledFile, signal: AbortSignal): Promise<"written" | "already-there"> {
    const path = this.#pathOf(key);
    return this.#attempt(`publish ${key} to`, signal, async () => {
      if (await this.#place(path, file, signal)) return "written";
      requireSame(this.location, key, file, await fingerprint(path, signal));
      // The earlier writer may have died before it synced what we now call durable.
      await syncPath(path);
      await syncPath(dirname(path));
      return "already-there";
    });
  }

  async create(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<"written" | "exists"> {
    const path = this.#pathOf(key);
    return this.#attempt(`create ${key} in`, signal, async () =>
      (await this.#placeCopy(path, [bytes], signal)) ? "written" : "exists",
    );
  }

  async read(key: string, signal: AbortSignal): Promise<Uint8Array | null> {
    const path = this.#pathOf(key);
    return this.#attempt(`read ${key} in`, signal, () => readDocument(path, key));
  }

  async *open(key: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const path = this.#pathOf(key);
    signal.throwIfAborted();
    try {
      const handle = await openFile(path);
      if (handle === null) throw missingError(this.location, key);
      yield* chunksOf(handle, signal);
    } catch (error) {
      throw folderError(`open ${key} in folder`, this.location, error, signal);
    }
  }

  async stat(key: string, signal: AbortSignal): Promise<StoredFile | null> {
    const path = this.#pathOf(key);
    return this.#attempt(`stat ${key} in`, signal, async () => {
      const stats = await statFile(path);
      return stats === null ? null : { key, bytes: stats.size, sha256: null };
    });
  }

  async *list(prefix: string, signal: AbortSignal, after = ""): AsyncIterable<StoredFile> {
    checkPrefix(prefix);
    try {
      for await (const file of listBelow(this.location, prefix, signal)) {
        if (compareKeys(file.key, after) > 0) yield file;
      }
    } catch (error) {
      throw folderError(`list ${prefix} in folder`, this.location, error, signal);
    }
  }

  async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    const changed = new Set<string>();
    for (const key of keys) {
      const path = this.#pathOf(key);
      await this.#attempt(`remove ${key} from`, signal, async () => {
        if (await removeFile(path)) changed.add(dirname(path));
      });
    }
    for (const folder of changed) await this.#attempt(`sync ${folder} in`, signal, () => syncPath(folder));
  }

  async tidy(signal: AbortSignal): Promise<Tidied> {
    return this.#attempt("tidy", signal, () => removeLeftovers(this.#temporary, this.#options.clock, signal));
  }

  #pathOf(key: string): string {
    checkKey(key);
    return join(this.location, key);
  }

  async #attempt<T>(operation: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      throw folderError(`${operation} folder`, this.location, error, signal);
    }
  }

  /** True if the name was free and now holds the file, synced. */
  async #place(path: string, file: SpooledFile, signal: AbortSignal): Promise<boolean> {
    const linked = await this.#placeSpool(path, file, signal);
    if (linked === "unsupported") return this.#placeCopy(path, spooledBytes(file, signal), signal);
    if (linked === "placed") await syncPath(dirname(path));
    return linked === "placed";
  }

  /**
   * Links the spooled file itself, which saves a copy. Its mode and bytes are final before the name appears; the bytes are
   * synced, and the mode with the name: file systems log both with one entry.
   */
  async #placeSpool(path: string, file: SpooledFile, signal: AbortSignal): Promise<Placed> {
    await verifyUnchanged(file, signal);
    try {
      await chmod(file.path, this.#landedMode);
    } catch (error) {
      if (isErrno(error, "EPERM", "EROFS")) return "unsupported";
      throw error;
    }
    let placed: Placed = "unsupported";
    try {
      signal.throwIfAborted();
      placed = await inFolder(dirname(path), () => linkExclusively(file.path, path, this.#link));
    } finally {
      // A file that did not land is private again.
      if (placed !== "placed") await chmod(file.path, 0o600).catch(() => {});
    }
    return placed;
  }

  async #placeCopy(
    path: string,
    chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock, random, processes = systemProcesses } = this.#options;
    const copy = await writeTemporary(this.#temporary, random, chunks);
    try {
      signal.throwIfAborted();
      const claim = join(this.#temporary, claimName(relative(this.location, path)));
      const claiming = { linkTo: this.#link, claim, clock, random, processes, signal };
      const placed = await inFolder(dirname(path), () => placeTemporary(copy, path, claiming));
      if (placed === "placed") await syncPath(dirname(path));
      return placed === "placed";
    } finally {
      await removeFile(copy).catch(() => {});
    }
  }
}
