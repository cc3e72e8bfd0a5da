import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
} from "../../src/simulator/index.ts";

/** What a user sets to reach a simulated account at this address, and to be let in. */
export function simulatorAccess(url: string): Readonly<Record<string, string>> {
  return {
    PARDOT_BUSINESS_UNIT_ID: SIMULATOR_BUSINESS_UNIT_ID,
    PARDOT_API_URL: url,
    PARDOT_LOGIN_URL: url,
    PARDOT_CLIENT_ID: SIMULATOR_CLIENT_ID,
    PARDOT_CLIENT_SECRET: SIMULATOR_CLIENT_SECRET,
    PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN,
  };
}
