import type { OptionSpec } from "../command.ts";

/**
 * The simulator's options as the table of commands needs them. The simulator describes them too, but is not loaded for
 * help; a test holds the two together.
 */
export const SIMULATE_OPTIONS: readonly OptionSpec[] = [
  { flag: "--port", value: "N", meaning: "loopback port; 0: any free port", default: "0" },
  { flag: "--seed", value: "N", meaning: "same seed, same account, to the byte", default: "1" },
  { flag: "--scale", value: "SIZE", meaning: "size of the account: tiny, small, medium, large", default: "small" },
  {
    flag: "--rows",
    value: "OBJECT=N",
    meaning: "rows of an object, VisitorActivity=50000; repeatable or a comma list",
    default: "by scale",
    isRepeatable: true,
  },
  { flag: "--ties", value: "N", meaning: "rows of each object that share one second", default: "700" },
  { flag: "--timezone", value: "ZONE", meaning: "time zone of the API user, an IANA name", default: "UTC" },
  { flag: "--account-timezone", value: "ZONE", meaning: "time zone of the quota's day", default: "the user's" },
  {
    flag: "--now",
    value: "T",
    meaning: "simulated time at the start, an ISO instant",
    default: "2026-03-20T09:30:00Z",
  },
  { flag: "--daily-limit", value: "N", meaning: "calls per day before code 122", default: "50000" },
  { flag: "--latency-ms", value: "N", meaning: "milliseconds added to each response", default: "0" },
  { flag: "--export-seconds", value: "N", meaning: "seconds that processing an export takes", default: "0" },
  {
    flag: "--knob",
    value: "NAME=VALUE",
    meaning: "an unconfirmed behavior of Pardot; repeatable",
    default: "see the docs",
    isRepeatable: true,
  },
];
