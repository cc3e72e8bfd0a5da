import type { CatalogEntry } from "./catalog.ts";
import { BY_BOTH, collection, queried } from "./entry.ts";

export const customField: CatalogEntry = collection("CustomField", "custom-fields", {
  columns: `
    id name field_id type salesforce_id is_required is_record_multiple_responses is_use_values is_analytics_synced
    api_field_id created_at updated_at created_by_id updated_by_id`,
  watermark: "updated_at",
  notes: [
    "Names of fields in prospects: field_id and __c (vendor docs, custom-field-v5). valuesPrefill is write-only.",
  ],
});

export const user: CatalogEntry = collection("User", "users", {
  columns: `
    id email username is_deleted first_name job_title role role_name salesforce_id tag_replacement_language last_name
    created_at updated_at created_by_id updated_by_id`,
  watermark: "updated_at",
  deleted: true,
  exports: { object: "User", by: BY_BOTH },
  v4: queried("user", {
    format: "xml",
    output: "full",
    filters: ["created_at"],
    sortBy: "created_at id",
    wire: {
      username: null,
      is_deleted: null,
      role_name: null,
      salesforce_id: null,
      tag_replacement_language: null,
      created_by_id: null,
      updated_by_id: null,
    },
  }),
  notes: [
    "No list of fields by the vendor that we found has last_name in API v5; if Pardot refuses it, it is null.",
    "v3/v4 cannot filter by updated_at (vendor docs, users-v4), so pardot-etl reads every record by id and filters them itself. Without the administrator role, the API user sees only itself.",
  ],
});

export const importLog: CatalogEntry = collection("Import", "/imports", {
  columns: `
    id operation object status is_expired batches_ref created_count:integer updated_count:integer error_count:integer
    error_ref created_at updated_at created_by_id updated_by_id`,
  order: null,
  split: "created_at",
  notes: ["A log of jobs. Its path is not under /objects."],
});

export const bulkAction: CatalogEntry = collection("BulkAction", "/bulk-actions", {
  columns: `
    id object bulk_action status origin count:integer percent_complete:integer error_count:integer errors_ref
    file_name processed_count:integer created_at updated_at created_by_id updated_by_id`,
  order: null,
  split: "created_at",
  notes: ["A log of jobs, read only. Its path is not under /objects."],
});

export const exportLog: CatalogEntry = collection("Export", "/exports", {
  columns: `
    id object state status is_expired result_refs:json created_at updated_at created_by_id updated_by_id`,
  order: null,
  split: "created_at",
  notes: ["A log of jobs. Its path is not under /objects. Whether it has state or status is not documented."],
});
