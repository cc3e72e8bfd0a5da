import { PardotEtlError, StorageError } from "../errors.ts";

/** Meaning of an errno for an operator: code suffix, cause, hints. */
interface Diagnosis {
  readonly code: string;
  readonly cause: string;
  readonly folderHint: string;
  readonly tmpHint: string;
}

const PERMISSION: Diagnosis = {
  code: "no-permission",
  cause: "permission denied",
  folderHint: "Give the user that runs pardot-etl read and write permission on the destination folder.",
  tmpHint: "Point PARDOT_ETL_TMPDIR at a folder that the user running pardot-etl may write to.",
};
const FULL: Diagnosis = {
  code: "full",
  cause: "no space is left",
  folderHint: "Free space on the disk of the destination folder (or raise the quota) and run again.",
  tmpHint: "Free space there, or point PARDOT_ETL_TMPDIR at a disk with room for the largest export file.",
};
const TOO_LARGE: Diagnosis = {
  code: "too-large",
  cause: "the file is larger than the file system or a process limit allows",
  folderHint: "Use a destination on a file system without that limit, or raise the file size limit (ulimit -f).",
  tmpHint: "Point PARDOT_ETL_TMPDIR at a file system without that limit, or raise the file size limit (ulimit -f).",
};
const HANDLES: Diagnosis = {
  code: "too-many-open-files",
  cause: "too many files are open",
  folderHint: "Raise the limit of open files (ulimit -n) and run again.",
  tmpHint: "Raise the limit of open files (ulimit -n) and run again.",
};
const NOT_A_FOLDER: Diagnosis = {
  code: "not-a-folder",
  cause: "there is a file in place of a folder",
  folderHint: "Remove that file, or choose another PARDOT_ETL_DESTINATION.",
  tmpHint: "Point PARDOT_ETL_TMPDIR at a folder.",
};

const DIAGNOSES: Readonly<Record<string, Diagnosis>> = {
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  EROFS: {
    code: "read-only",
    cause: "the file system is read-only",
    folderHint: "Mount the destination writable, or choose another PARDOT_ETL_DESTINATION.",
    tmpHint: "Point PARDOT_ETL_TMPDIR at a writable folder (a container with a read-only root needs a volume for it).",
  },
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: TOO_LARGE,
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
  ENOENT: {
    code: "missing",
    cause: "there is no such file or folder",
    folderHint: "Check whether something else removes files from the destination while pardot-etl runs.",
    tmpHint: "Create the folder that PARDOT_ETL_TMPDIR names, and check whether something cleans it during a run.",
  },
  ENAMETOOLONG: {
    code: "name-too-long",
    cause: "the name is too long for the file system",
    folderHint: "Choose a PARDOT_ETL_DESTINATION with a shorter path.",
    tmpHint: "Point PARDOT_ETL_TMPDIR at a folder with a shorter path.",
  },
  EMFILE: HANDLES,
  ENFILE: HANDLES,
};

function errnoOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown";
}

/** Whether the file system reports that there is no such file. */
export function isMissing(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

/** Whether an error has one of these errno names. */
export function isErrno(error: unknown, ...names: readonly string[]): boolean {
  return names.includes(errnoOf(error));
}

/**
 * A failure in the destination folder as `StorageError`, code `storage.<diagnosis>` (`storage.failed` for a rare errno).
 * Returns errors of ours, and the reason of an aborted signal, unchanged.
 */
export function folderError(operation: string, path: string, error: unknown, signal?: AbortSignal): unknown {
  return localError(operation, path, error, signal, "storage.", "folderHint");
}

/** The same for the temporary folder: code `storage.tmp-<diagnosis>`, and the hint names PARDOT_ETL_TMPDIR. */
export function tmpError(operation: string, path: string, error: unknown, signal?: AbortSignal): unknown {
  return localError(operation, path, error, signal, "storage.tmp-", "tmpHint");
}

function localError(
  operation: string,
  path: string,
  error: unknown,
  signal: AbortSignal | undefined,
  prefix: string,
  hintOf: "folderHint" | "tmpHint",
): unknown {
  if (error instanceof PardotEtlError || (signal?.aborted === true && error === signal.reason)) return error;
  const errno = errnoOf(error);
  const diagnosis = DIAGNOSES[errno];
  const check = hintOf === "tmpHint" ? "Check the disk under PARDOT_ETL_TMPDIR." : "Check the disk.";
  const cause = diagnosis?.cause ?? (error instanceof Error ? error.message : String(error));
  return new StorageError(`${operation} ${path}: ${cause} (${errno})`, {
    code: prefix + (diagnosis?.code ?? "failed"),
    hint: diagnosis?.[hintOf] ?? check,
    context: { path, errno },
    cause: error,
  });
}
