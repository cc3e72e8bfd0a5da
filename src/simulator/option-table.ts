/** The options of the command `simulate`: plain data, which help and docs read without loading the simulator. */
export interface OptionDescription {
  /** Without the two dashes: `daily-limit`. */
  readonly flag: string;
  readonly type: "integer" | "text" | "object=rows" | "name=value";
  /** The value's placeholder in help. */
  readonly value: string;
  readonly repeatable: boolean;
  readonly meaning: string;
  readonly default: string;
}

export const DEFAULT_NOW: string = "2026-03-20T09:30:00Z";

const integer = (flag: string, byDefault: string, meaning: string): OptionDescription => ({
  flag,
  type: "integer",
  value: "N",
  repeatable: false,
  meaning,
  default: byDefault,
});
const text = (flag: string, value: string, byDefault: string, meaning: string): OptionDescription => ({
  flag,
  type: "text",
  value,
  repeatable: false,
  meaning,
  default: byDefault,
});

export const SIMULATOR_OPTIONS: readonly OptionDescription[] = [
  integer("port", "0", "loopback port; 0: any free port"),
  integer("seed", "1", "same seed, same account, to the byte"),
  text("scale", "SIZE", "small", "size of the account: tiny, small, medium, large"),
  {
    flag: "rows",
    type: "object=rows",
    value: "OBJECT=N",
    repeatable: true,
    meaning: "rows of an object, VisitorActivity=50000; repeatable or a comma list",
    default: "by scale",
  },
  integer("ties", "700", "rows of each object that share one second"),
  text("timezone", "ZONE", "UTC", "time zone of the API user, an IANA name"),
  text("account-timezone", "ZONE", "the user's", "time zone of the quota's day"),
  text("now", "T", DEFAULT_NOW, "simulated time at the start, an ISO instant"),
  integer("daily-limit", "50000", "calls per day before code 122"),
  integer("latency-ms", "0", "milliseconds added to each response"),
  integer("export-seconds", "0", "seconds that processing an export takes"),
  text("certificate", "FILE", "none", "the app's certificate or RSA public key in PEM form, for the flow jwt"),
  {
    flag: "knob",
    type: "name=value",
    value: "NAME=VALUE",
    repeatable: true,
    meaning: "an unconfirmed behavior of Pardot; an unknown name lists all names; repeatable",
    default: "see `pardot-etl help library`",
  },
];
