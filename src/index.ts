/** The library: what the command line does, as functions; `docs/library.md` has examples. */
export { createPardotEtl } from "./library.ts";
export type { ObjectOptions, PardotEtl, PardotEtlOptions, Settings } from "./library.ts";
export type { JsonValue, Row, RowValue } from "./operations/rows.ts";
export { loadConfig } from "./config/load.ts";
export type { ConfigInput } from "./config/load.ts";
export type { Config } from "./config/config.ts";
export { catalog } from "./catalog/index.ts";
export type { CatalogObject, Column } from "./catalog/catalog.ts";
export { run } from "./notify/run.ts";
export { plan } from "./operations/plan/plan.ts";
export { check } from "./operations/check/check.ts";
export { status } from "./operations/status/status.ts";
export { verify } from "./operations/verify/verify.ts";
export { withRuntime } from "./operations/runtime.ts";
export type { Runtime } from "./operations/runtime.ts";
export type {
  CheckLine,
  CheckResult,
  Notified,
  PlannedObject,
  PlanResult,
  RunOptions,
  RunResult,
  StatusExport,
  StatusObject,
  StatusOptions,
  StatusResult,
  StatusRun,
  VerifyOptions,
  VerifyProblem,
  VerifyResult,
} from "./operations/api.ts";
export type { Manifest, ManifestFile, ManifestObject, ManifestWarning, ManifestWindow } from "./manifest/manifest.ts";
export type { RunEvent, OnEvent } from "./events.ts";
export {
  AuthError,
  CancelledError,
  ConfigError,
  DataError,
  exitCodeOf,
  LeaseError,
  LimitError,
  PardotEtlError,
  problemText,
  RemoteError,
  StorageError,
  TransportError,
  UsageError,
  WarehouseError,
} from "./errors.ts";
export type { ErrorDetails, Problem } from "./errors.ts";
