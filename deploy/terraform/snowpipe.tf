# For Snowpipe, if enabled: a role with which Snowflake reads landed files and the manifests, and events about new ones.
# By kind of file, not by object, so that any choice of objects is covered, and one bucket serves many business units.

locals {
  # Until you set Snowflake's user, only this account could assume the role, and only with an external id that no one has.
  snowflake_user = try(coalesce(var.snowpipe.user_arn), "arn:${local.partition}:iam::${local.account_id}:root")
  external_id    = try(coalesce(var.snowpipe.external_id), "not-known-yet")

  # Of the tool's own folder Snowflake reads the manifests. The names of landed files begin with a capital letter, so the
  # first resources do not cover it.
  snowflake_readable = concat(local.landed_patterns, ["${local.record_pattern}/runs/*"])

  # What landed files and manifests end with; none is the end of another, which S3 would refuse.
  landed_suffixes = toset([".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet", "/manifest.json"])
}

resource "aws_iam_role" "snowflake" {
  count = var.snowpipe == null ? 0 : 1

  name                 = "${local.name}-snowflake"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Lets Snowflake's storage integration read landed files and manifests."
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = local.snowflake_user }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "sts:ExternalId" = local.external_id } }
    }]
  })
}

resource "aws_iam_role_policy" "snowflake" {
  count = var.snowpipe == null ? 0 : 1

  name = "read-landed-files"
  role = aws_iam_role.snowflake[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadLandedFiles"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = [for prefix in local.snowflake_readable : "${local.bucket_arn}/${prefix}"]
        },
        {
          # Records that were set aside are not for the warehouse, whatever the statement above comes to cover.
          Sid      = "NotTheToolsOwnState"
          Effect   = "Deny"
          Action   = ["s3:GetObject", "s3:GetObjectVersion"]
          Resource = [for folder in ["accepted", "check", "rejects", "state"] : "${local.bucket_arn}/${local.record_pattern}/${folder}/*"]
        },
        {
          Sid      = "FindTheBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation"]
          Resource = [local.bucket_arn]
        },
        {
          Sid       = "ListThePrefix"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [local.bucket_arn]
          Condition = { StringLike = { "s3:prefix" = ["${var.prefix}/*"] } }
        },
      ],
      [
        for key in local.bucket_key == null ? [] : [local.bucket_key] : {
          Sid      = "ReadWithTheKey"
          Effect   = "Allow"
          Action   = ["kms:Decrypt"]
          Resource = [key]
        }
      ],
    )
  })
}

resource "aws_s3_bucket_notification" "snowpipe" {
  count = try(var.snowpipe.queue_arn, null) == null || var.existing_bucket != null ? 0 : 1

  bucket = aws_s3_bucket.this[0].id

  dynamic "queue" {
    for_each = local.landed_suffixes

    content {
      id            = "pardot-etl-${trim(replace(queue.value, "/[^a-z]/", "-"), "-")}"
      queue_arn     = var.snowpipe.queue_arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = "${var.prefix}/"
      filter_suffix = queue.value
    }
  }
}
