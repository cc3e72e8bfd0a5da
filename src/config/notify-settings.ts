/** Who hears how a run ended; part of the table of settings. */
export const NOTIFY_SETTINGS = [
  {
    env: "PARDOT_ETL_SNS_TOPIC_ARN",
    kind: "sns-topic",
    default: null,
    meaning: "SNS topic that hears how each run ended (docs/notifications.md); its region is the ARN's.",
  },
  {
    env: "PARDOT_ETL_WEBHOOK_URL",
    kind: "secret",
    default: null,
    meaning:
      "Address that hears it too, by a POST of JSON that Slack and its kin understand: https, or http to loopback.",
  },
] as const;
