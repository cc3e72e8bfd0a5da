/** `pardot-etl/simulator`: a Pardot stand-in on a loopback port, for tests and trials. */
export {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_PASSWORD,
  SIMULATOR_REFRESH_TOKEN,
  SIMULATOR_USERNAME,
} from "./login/token-desk.ts";
export { describeKnobs, parseRows, parseSimulatorOptions } from "./command-line.ts";
export { SIMULATOR_OPTIONS } from "./option-table.ts";
export type { OptionDescription } from "./option-table.ts";
export type { FaultRule } from "./faults.ts";
export { KNOBS } from "./knobs.ts";
export type { Knobs, KnobSpec } from "./knobs.ts";
export type { SimulatorOptions } from "./options.ts";
export type { Scale } from "./account/scale.ts";
export type { TruthOptions, TruthRow } from "./simulation.ts";
export { simulatorMain, startSimulator } from "./simulator.ts";
export type { Simulator } from "./simulator.ts";
export type { ExportRecord, RequestRecord, SimulatorStats } from "./stats.ts";
