/** By file of tests: file, its text, the text that breaks it, and the expected message. */
export const BROKEN: Readonly<Record<string, readonly (readonly [string, string, string, string])[]>> = {
  "daily.tftest.hcl": [
    [
      "task.tf",
      "readonlyRootFilesystem = true",
      "readonlyRootFilesystem = false",
      "root file system must be read-only",
    ],
    ["bucket.tf", "${unit.prefix}/${initial}", "${unit.prefix}/", "the tool's state must not"],
    ["bucket.tf", "expire = null, old = 1 }", "expire = null, old = 90 }", "must leave no versions and markers behind"],
    ["alarms.tf", "{ exists = false }, ", "", "addresses receive alarms (without attributes)"],
    ["alarms.tf", 'name = ["pardot-etl"], ', "", "An injected container"],
    ["roles.tf", "/_pardot_etl/*", "/*", "must not be able to remove landed files"],
    [
      "schedule.tf",
      "aws_ecs_task_definition.this.arn_without_revision\n    container",
      "aws_ecs_task_definition.this.arn\n    container",
      "the family's latest revision",
    ],
    [
      "schedule.tf",
      "arn      = aws_sfn_state_machine.this.arn",
      "arn      = local.cluster_arn",
      "RunTask can fail with HTTP 200",
    ],
    [
      "alarms.tf",
      'treat_missing_data  = "breaching"',
      'treat_missing_data  = "missing"',
      "A missing run must fire the alarm",
    ],
  ],
  "snowflake.tftest.hcl": [
    ["snowpipe.tf", "/runs/*", "/*", "Snowflake must not read the tool's state"],
    ["snowpipe.tf", '"/manifest.json"', '"/manifest.txt"', "must send events for new manifests"],
    ["snowpipe.tf", '"rejects", ', "", "be denied the tool's state and the records that were set aside"],
    ["snowpipe.tf", '["s3:GetObject", "s3:GetObjectVersion"]', '["s3:GetObjectVersion"]', "able to read the manifests"],
  ],
  "fleet.tftest.hcl": [
    [
      "task.tf",
      "local.is_fleet ? null : one",
      "true ? values(aws_iam_role.task)[0].arn : one",
      "must have no permissions",
    ],
    [
      "task.tf",
      "local.is_fleet ? {} : one(values(local.unit_environment))",
      "values(local.unit_environment)[0]",
      "belongs to no unit",
    ],
    ["roles.tf", "${unit.prefix}/*", "${var.prefix}/*", "must not reach another unit's folder"],
    ["units.tf", "if unit.enabled", "if true", "starts the enabled units"],
    ["units.tf", "enabled = each.value.enabled, ", "", "finds the units that are switched off by this text"],
    ["alarms.tf", "each.value.business_unit_id", "local.name", "Each enabled unit needs its own alarm"],
  ],
  "existing.tftest.hcl": [
    [
      "bucket.tf",
      'resource "aws_s3_bucket_lifecycle_configuration" "this" {\n  count = var.existing_bucket == null ? 1 : 0\n\n  bucket = aws_s3_bucket.this[0].id',
      'resource "aws_s3_bucket_lifecycle_configuration" "this" {\n  count = 1\n\n  bucket = local.bucket_name',
      "none may be made for an existing bucket",
    ],
    [
      "main.tf",
      "coalesce(var.topic_arn, one(aws_sns_topic.this[*].arn))",
      '"${local.arn.sns}:${local.name}"',
      "must use the existing bucket and topic",
    ],
  ],
  "network.tftest.hcl": [
    [
      "network.tf",
      "exclude_zone_ids = local.zones_without_fargate",
      "exclude_zone_ids = []",
      "zones without Fargate must be left out",
    ],
    ["network.tf", '"169.254.170.2", ', "", "not for the task's own credentials"],
    ["network.tf", "local.proxy == null ? [] : [try(", "true ? [] : [try(", "The way to the proxy must be open"],
  ],
  "keys.tftest.hcl": [
    ["alarms.tf", "  kms_master_key_id = var.kms_key_arn\n", "", "must encrypt bucket, topic, queue"],
    ["schedule.tf", "  permissions_boundary = var.permissions_boundary\n", "", "must have the boundary and the path"],
    ["deploy-role.tf", '"ecs:StopTask"]', '"ecs:*"]', "must name each action"],
    ["bucket.tf", ', Bool = { "s3:ObjectCreationOperation" = "true" }', "", "but not the parts of an upload"],
  ],
};
