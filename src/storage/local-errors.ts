import { errnoOf, PardotEtlError, StorageError } from "../errors.ts";

/** Meaning of an errno for an operator: code suffix, cause (null: the error's own message), hints. */
interface Diagnosis {
  readonly code: string;
  readonly cause: string | null;
  /** For the destination folder. */
  readonly folder: string;
  /** For the temporary folder. */
  readonly tmp: string;
}

const PERMISSION: Diagnosis = {
  code: "no-permission",
  cause: "permission denied",
  folder: "Give the user that runs pardot-etl read and write permission on the destination folder.",
  tmp: "Point PARDOT_ETL_TMPDIR at a folder that the user running pardot-etl may write to.",
};
const FULL: Diagnosis = {
  code: "full",
  cause: "no space is left",
  folder: "Free space on the disk of the destination folder (or raise the quota) and run again.",
  tmp: "Free space there, or point PARDOT_ETL_TMPDIR at a disk with room for the largest export file.",
};
const TOO_LARGE: Diagnosis = {
  code: "too-large",
  cause: "the file is larger than the file system or a process limit allows",
  folder: "Use a destination on a file system without that limit, or raise the file size limit (ulimit -f).",
  tmp: "Point PARDOT_ETL_TMPDIR at a file system without that limit, or raise the file size limit (ulimit -f).",
};
const HANDLES: Diagnosis = {
  code: "too-many-open-files",
  cause: "too many files are open",
  folder: "Raise the limit of open files (ulimit -n) and run again.",
  tmp: "Raise the limit of open files (ulimit -n) and run again.",
};
const NOT_A_FOLDER: Diagnosis = {
  code: "not-a-folder",
  cause: "there is a file in place of a folder",
  folder: "Remove that file, or choose another PARDOT_ETL_DESTINATION.",
  tmp: "Point PARDOT_ETL_TMPDIR at a folder.",
};

const DIAGNOSES: Readonly<Record<string, Diagnosis>> = {
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  EROFS: {
    code: "read-only",
    cause: "the file system is read-only",
    folder: "Mount the destination writable, or choose another PARDOT_ETL_DESTINATION.",
    tmp: "Point PARDOT_ETL_TMPDIR at a writable folder (a container with a read-only root needs a volume for it).",
  },
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: TOO_LARGE,
  ENOTDIR: NOT_A_FOLDER,
  EEXIST: NOT_A_FOLDER,
  ENOENT: {
    code: "missing",
    cause: "there is no such file or folder",
    folder:
      "Check that the folder of PARDOT_ETL_DESTINATION can be created, and that nothing else removes files from it during a run.",
    tmp: "Create the folder that PARDOT_ETL_TMPDIR names, and check whether something cleans it during a run.",
  },
  ENAMETOOLONG: {
    code: "name-too-long",
    cause: "the name is too long for the file system",
    folder: "Choose a PARDOT_ETL_DESTINATION with a shorter path.",
    tmp: "Point PARDOT_ETL_TMPDIR at a folder with a shorter path.",
  },
  EMFILE: HANDLES,
  ENFILE: HANDLES,
};
const UNKNOWN: Diagnosis = {
  code: "failed",
  cause: null,
  folder: "Check the disk.",
  tmp: "Check the disk under PARDOT_ETL_TMPDIR.",
};

/** Whether the file system reports that there is no such file. */
export function isMissing(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

/** What `work` resolves with; `otherwise` if the file system reports that there is no such file. */
export async function unlessMissing<T, Otherwise>(work: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
  try {
    return await work;
  } catch (error) {
    if (isMissing(error)) return otherwise;
    throw error;
  }
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
  return localError("folder", operation, path, error, signal);
}

/** The same for the temporary folder: code `storage.tmp-<diagnosis>`, and the hint names PARDOT_ETL_TMPDIR. */
export function tmpError(operation: string, path: string, error: unknown, signal?: AbortSignal): unknown {
  return localError("tmp", operation, path, error, signal);
}

type Place = "folder" | "tmp";

function localError(place: Place, operation: string, path: string, error: unknown, signal?: AbortSignal): unknown {
  if (error instanceof PardotEtlError || (signal?.aborted === true && error === signal.reason)) return error;
  const errno = errnoOf(error);
  const { code, cause, ...hints } = DIAGNOSES[errno] ?? UNKNOWN;
  const why = cause ?? (error instanceof Error ? error.message : String(error));
  return new StorageError(`${operation} ${path}: ${why} (${errno})`, {
    code: place === "folder" ? `storage.${code}` : `storage.tmp-${code}`,
    hint: hints[place],
    context: { path, errno },
    cause: error,
  });
}
