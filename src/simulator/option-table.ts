/** The options of the command `simulate`: plain data, which help and docs read without loading the simulator. */
export interface OptionDescription {
  /** Without the two dashes: `daily-limit`. */
  readonly flag: string;
  /** The value's placeholder in help: `N` is an integer. */
  readonly value: string;
  readonly repeatable: boolean;
  readonly meaning: string;
  readonly default: string;
}

export const DEFAULT_NOW: string = "2026-03-20T09:30:00Z";

function option(flag: string, value: string, byDefault: string, meaning: string): OptionDescription {
  return { flag, value, repeatable: value.includes("="), meaning, default: byDefault };
}

export const SIMULATOR_OPTIONS: readonly OptionDescription[] = [
  option("port", "N", "0", "loopback port; 0: any free port"),
  option("seed", "N", "1", "same seed, same account, to the byte"),
  option("scale", "SIZE", "small", "size of the account: tiny, small, medium, large"),
  option("rows", "OBJECT=N", "by scale", "rows of an object, VisitorActivity=50000; repeatable or a comma list"),
  option("ties", "N", "700", "rows of each object that share one second"),
  option("timezone", "ZONE", "UTC", "time zone of the API user, an IANA name"),
  option("account-timezone", "ZONE", "the user's", "time zone of the quota's day"),
  option("now", "T", DEFAULT_NOW, "simulated time at the start, an ISO instant"),
  option("daily-limit", "N", "50000", "calls per day before code 122"),
  option("latency-ms", "N", "0", "milliseconds added to each response"),
  option("export-seconds", "N", "0", "seconds that processing an export takes"),
  option("certificate", "FILE", "none", "the app's certificate or RSA public key in PEM form, for the flow jwt"),
  option(
    "knob",
    "NAME=VALUE",
    "see `pardot-etl help library`",
    "an unconfirmed behavior of Pardot; an unknown name lists all names; repeatable",
  ),
];
