/** The library: what the command line does, as functions. `docs/library.md` shows them at work. */
export { loadConfig } from "./config/load.ts";
export type { Config } from "./config/config.ts";
export { catalog } from "./catalog/index.ts";
export type { CatalogObject, Column } from "./catalog/catalog.ts";
export { run } from "./notify/notified-run.ts";
export { plan } from "./run/plan.ts";
export { check } from "./run/check.ts";
export { status } from "./run/status.ts";
export { verify } from "./run/verify.ts";
export { inTheRealWorld } from "./run/surroundings.ts";
export type {
  CheckResult,
  Notified,
  PlanResult,
  RunOptions,
  RunResult,
  StatusResult,
  Surroundings,
} from "./run/api.ts";
export type { Manifest } from "./commit/manifest.ts";
export type { RunEvent, OnEvent } from "./events.ts";
export * from "./errors.ts";
