# For Snowpipe, if enabled: a role with which Snowflake reads landed files and the manifests, and events about new ones.
# Of the tool's own folder neither covers more than _pardot_etl/runs/: the state in _pardot_etl/state/ stays out of reach.

locals {
  # Until you set Snowflake's user, only this account could assume the role, and only with an external id that no one has.
  snowflake_user = try(coalesce(var.snowpipe.user_arn), "arn:${local.partition}:iam::${local.account_id}:root")
  external_id    = try(coalesce(var.snowpipe.external_id), "not-known-yet")

  # Object folders start with a capital letter, so none is called "manifests".
  snowflake_folders = merge(local.folders, { manifests = "${var.prefix}/_pardot_etl/runs/" })
}

resource "aws_iam_role" "snowflake" {
  count = var.snowpipe == null ? 0 : 1

  name        = "${local.name}-snowflake"
  description = "Lets Snowflake's storage integration read landed files and manifests."
  tags        = var.tags

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
          Resource = [for folder in values(local.snowflake_folders) : "${aws_s3_bucket.this.arn}/${folder}*"]
        },
        {
          Sid      = "FindTheBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation"]
          Resource = [aws_s3_bucket.this.arn]
        },
        {
          Sid       = "ListThePrefix"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = [aws_s3_bucket.this.arn]
          Condition = { StringLike = { "s3:prefix" = ["${var.prefix}/*"] } }
        },
      ],
      [
        for arn in var.kms_key_arn == null ? [] : [var.kms_key_arn] : {
          Sid      = "ReadWithTheKey"
          Effect   = "Allow"
          Action   = ["kms:Decrypt"]
          Resource = [arn]
        }
      ],
    )
  })
}

resource "aws_s3_bucket_notification" "snowpipe" {
  count = try(var.snowpipe.queue_arn, null) == null ? 0 : 1

  bucket = aws_s3_bucket.this.id

  dynamic "queue" {
    for_each = local.snowflake_folders

    content {
      id            = queue.key
      queue_arn     = var.snowpipe.queue_arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value
    }
  }
}
