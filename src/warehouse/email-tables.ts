/** The tables from which the e-mail process takes its candidates (1.4 of the contract), for `emailPairs` and `knownEmails`. */
export const ACTIVITY_TABLE = "PARDOT_VISITORACTIVITY";
export const EMAIL_TABLE = "PARDOT_EMAIL";
