/** Behavior of API v5 that is publicly unconfirmed, or that differs between accounts. Evidence: vendor docs, clients. */
export const V5_KNOBS = {
  v5AccountBody: {
    default: "record",
    values: ["record", "values"],
    meaning: "the account alone (vendor docs: a read), or in `values` (airbytehq/airbyte reads it there)",
  },
  v5ActivityNullIds: {
    default: "absent",
    values: ["absent", "null"],
    meaning: "unused ids of visitor activities: absent (vendor docs of that object) or null (as in other samples)",
  },
  v5Arrays: {
    default: "accepted",
    values: ["accepted", "refused"],
    meaning:
      "lists and records in queries: accepted (airbytehq/airbyte), or refused with 224 (vendor docs: reads only)",
  },
  v5CsvDates: {
    default: "local",
    values: ["local", "offset"],
    meaning: "dates in export files: the user's local time as in v4, or with an offset as in responses; unconfirmed",
  },
  v5ExportCreatedStatus: { default: 201, values: [201, 200], meaning: "HTTP status of a created export; unconfirmed" },
  v5Exports: { default: true, meaning: "false: exports of v5 are refused with code 46, as without the ability" },
  v5ExportState: { default: "state", values: ["state", "status"], meaning: "name of an export's state; unconfirmed" },
  v5FieldsMissingCode: { default: 13, values: [13, 36, 51], meaning: "error code without `fields`; unconfirmed" },
  v5HiddenWarning: {
    default: true,
    meaning: "Pardot-Warning 202 on pages with hidden rows (hiddenEvery) or values (v5RedactedFields); vendor docs",
  },
  v5IdListMax: { default: 1000, meaning: "ids in idList before code 63; the number is not published" },
  v5IgnoredFilters: {
    default: "",
    meaning: "filters accepted without effect: comma list of Object.field (Visitor.updatedAt: clients disagree)",
  },
  v5IgnoredOrders: {
    default: "",
    meaning: "fields in orderBy accepted without effect: comma list of Object.field; unconfirmed",
  },
  v5MissingFields: {
    default: "Email.salesforceCmsId,File.salesforceCmsId,Form.salesforceCmsId,LandingPage.salesforceCmsId",
    meaning: "fields that this business unit lacks, refused with 51: comma list of Object.field (PostHog PR 102066)",
  },
  v5NoRecycleBin: {
    default: "Opportunity",
    meaning: "objects whose recycle bin `deleted` does not reach: comma list (airbytehq/airbyte omits it there)",
  },
  v5Procedures: {
    default: "snake",
    values: ["snake", "camel"],
    meaning: "names of export procedures: filter_by_created_at as in v4, or filterByCreatedAt; unconfirmed",
  },
  v5ReadLagSeconds: { default: 60, meaning: "age of the data that reads see (vendor docs: a cache up to 60 s behind)" },
  v5RedactedFields: {
    default: "",
    meaning: "fields whose values this user may not see: null, with Pardot-Warning 202; comma list of Object.field",
  },
  v5RefusedFilters: {
    default: "",
    meaning:
      "filters refused with 51: comma list of Object.field, such as Visit.id for idGreaterThan and the like; unconfirmed",
  },
  v5RefusedOrders: {
    default: "",
    meaning: "fields refused in orderBy with 51: comma list of Object.field; unconfirmed",
  },
  v5RequiredFilters: {
    default: "",
    meaning:
      "filters without which a query is refused with 13: comma list of Object.filter, such as DynamicContentVariation.dynamicContentId; unconfirmed",
  },
  v5StatsRates: {
    default: "percent",
    values: ["percent", "fraction", "text"],
    meaning: 'rates in statistics of list emails: 98.42, 0.9842 or "98.42%"; types are inferred',
  },
  v5Status201: {
    default: 401,
    values: [400, 401, 403],
    meaning: "HTTP status of code 201 in v5; clients expect 401 or 403",
  },
  v5Status66: { default: 429, values: [429, 400], meaning: "HTTP status of code 66 in v5; unconfirmed" },
  v5TokenHours: { default: 4, meaning: "life of a page token (vendor docs, v5 overview)" },
  v5TokenPosition: {
    default: "key",
    values: ["key", "offset"],
    meaning:
      "a page token continues behind its last row, or at a number of rows, which moves when rows do; unconfirmed",
  },
  v5TokenRecords: { default: 100_000, meaning: "records of a token sequence before Pardot-Warning 203 (vendor docs)" },
  v5UnknownFilter: {
    default: "refused",
    values: ["refused", "ignored"],
    meaning: "parameters that an object does not have: refused with 51, or ignored; unconfirmed",
  },
  v5Unordered: {
    default: "scattered",
    values: ["scattered", "id"],
    meaning: "order of a query without orderBy: none to rely on, or by id; unconfirmed",
  },
  v5WeakFilters: {
    default: "accepted",
    values: ["accepted", "unknown"],
    meaning: "filters that only lists of connectors name: accepted, or treated as unknown",
  },
  v5WriteOnlyCode: {
    default: 224,
    values: [224, 51],
    meaning: "error code for a field that can only be written (PostHog: refused in every query); unconfirmed",
  },
} as const;
