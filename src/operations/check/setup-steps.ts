/** The steps of docs/authentication.md, "Set-up, step by step", by their headings, and the errors that point to each. */
export const SETUP_STEPS: readonly { readonly heading: string; readonly codes: readonly string[] }[] = [
  { heading: "1. The app", codes: ["auth.app-not-in-org"] },
  { heading: "2. Scopes", codes: ["auth.scope-missing"] },
  { heading: "3. The flow", codes: ["auth.flow-off", "auth.flow-not-enabled", "auth.assertion-invalid"] },
  {
    heading: "4. Key and secret",
    codes: ["auth.client-unknown", "auth.client-secret-wrong", "auth.request-refused"],
  },
  {
    heading: "5. Policies",
    codes: [
      "auth.user-not-approved",
      "auth.user-not-admin-approved",
      "auth.app-access-denied",
      "auth.address-not-allowed",
      "auth.refresh-token-dead",
      "auth.no-run-as-user",
    ],
  },
  {
    heading: "6. The user",
    codes: [
      "pardot.token-refused",
      "auth.user-inactive",
      "auth.authentication-failed",
      "pardot.permission-missing",
      "pardot.access-denied",
      "pardot.account-locked",
      "pardot.forbidden",
    ],
  },
  {
    heading: "7. Business unit and hosts",
    codes: [
      "pardot.business-unit-unknown",
      "pardot.header-invalid",
      "auth.no-token-endpoint",
      "auth.my-domain-required",
      "auth.audience-invalid",
    ],
  },
  {
    heading: "8. The account",
    codes: ["pardot.api-disabled", "pardot.admin-user-missing", "pardot.address-not-allowed", "pardot.daily-limit"],
  },
];

/** The step that an error points to, as a sentence; null for none. */
export function setupStep(code: string): string | null {
  const step = SETUP_STEPS.find(({ codes }) => codes.includes(code));
  if (step === undefined) return null;
  const anchor = step.heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 ]/g, "")
    .replaceAll(" ", "-");
  return `Look at step ${step.heading}: \`pardot-etl help authentication#${anchor}\`.`;
}
