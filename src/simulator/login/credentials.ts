/** Credentials of the simulated account. They open nothing but a simulator. */
export const SIMULATOR_BUSINESS_UNIT_ID: string = "0UvSIM0000000001AB";
export const SIMULATOR_CLIENT_ID: string = "simulator-client-id";
export const SIMULATOR_CLIENT_SECRET: string = "simulator-client-secret";
export const SIMULATOR_REFRESH_TOKEN: string = "simulator-refresh-token";
export const SIMULATOR_USERNAME: string = "api-user@simulator.invalid";
export const SIMULATOR_PASSWORD: string = "simulator-password-and-security-token";
