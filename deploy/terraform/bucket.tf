# The destination. pardot-etl never overwrites landed files; versions protect against mistakes by others. With
# existing_bucket nothing here is created, because these resources replace what a bucket has: the output
# existing_bucket_needs lists what to add there.

locals {
  bucket_name = var.existing_bucket == null ? coalesce(var.bucket_name, "${local.name}-${local.account_id}") : var.existing_bucket.name
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"

  # Keys that the task needs: one for everything that is created here, and the existing bucket's.
  bucket_key = var.existing_bucket == null ? var.kms_key_arn : var.existing_bucket.kms_key_arn
  keys       = distinct([for key in [var.kms_key_arn, local.bucket_key] : key if key != null])

  # First letters of the catalog's objects, which name the folders of landed files (a test compares them). By letter, not by
  # folder, because a bucket has at most 1,000 lifecycle rules.
  initials = ["A", "B", "C", "D", "E", "F", "I", "L", "O", "P", "T", "U", "V"]

  # Prefixes of landed files; the tool's own folder, _pardot_etl/, has none of them.
  landed = merge([
    for name, unit in local.units : {
      for initial in local.initials : local.is_fleet ? "landed-${name}-${initial}" : "landed-${initial}" => "${unit.prefix}/${initial}"
    }
  ]...)

  # The same for policies, which are short: one star for all units.
  landed_patterns = [for initial in local.initials : local.is_fleet ? "${var.prefix}/*/${initial}*" : "${var.prefix}/${initial}*"]
  record_pattern  = local.is_fleet ? "${var.prefix}/*/_pardot_etl" : "${var.prefix}/_pardot_etl"

  # Landed files begin with a capital letter and the tool's own folder with "_". A filter cannot exclude a folder: a rule
  # for the whole prefix that expires files would also remove _pardot_etl/, the only record of the landed files.
  lifecycle_rules = concat(
    [{ id = "unfinished-uploads", prefix = "${var.prefix}/", abort = 7, expire = null, old = null }],
    # What pardot-etl removes itself stays as an old version and a marker in a versioned bucket: a heartbeat leaves both
    # every 15 seconds. No rule removes a current file of the tool's own folder.
    flatten([
      for name, unit in local.units : [
        { id = "removed-leases${local.is_fleet ? "-${name}" : ""}", prefix = "${unit.prefix}/_pardot_etl/state/lease/", abort = null, expire = null, old = 1 },
        { id = "removed-state${local.is_fleet ? "-${name}" : ""}", prefix = "${unit.prefix}/_pardot_etl/", abort = null, expire = null, old = 30 },
      ]
    ]),
    var.landed_files_days == null ? [] : [for id, prefix in local.landed : { id = id, prefix = prefix, abort = null, expire = var.landed_files_days, old = 30 }],
  )

  bucket_statements = concat(
    [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:*"]
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOldTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = ["s3:*"]
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ],
    local.protect_statements,
  )

  # Write-once, enforced by S3 (S3 user guide, "Enforce conditional writes"): the program sends If-None-Match with every
  # write. Parts of an upload carry no header; s3:ObjectCreationOperation is false for them. A copy has none either, so
  # it is denied too. Lifecycle rules are not subject to a policy.
  protect_statements = [
    for protection in var.protect_landed_files == null ? [] : [var.protect_landed_files] : {
      Sid       = "WriteOnce"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:PutObject"]
      Resource  = ["${local.bucket_arn}/${var.prefix}/*"]
      Condition = merge(
        { Null = { "s3:if-none-match" = "true" }, Bool = { "s3:ObjectCreationOperation" = "true" } },
        length(protection.except) == 0 ? {} : { ArnNotLike = { "aws:PrincipalArn" = protection.except } },
      )
    }
  ]

  protect_deletes = [
    for protection in var.protect_landed_files == null ? [] : [var.protect_landed_files] : {
      Sid       = "KeepLandedFiles"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
      Resource  = [for pattern in concat(local.landed_patterns, ["${local.record_pattern}/runs/*"]) : "${local.bucket_arn}/${pattern}"]
      Condition = length(protection.except) == 0 ? {} : { ArnNotLike = { "aws:PrincipalArn" = protection.except } }
    }
  ]
}

resource "aws_s3_bucket" "this" {
  count = var.existing_bucket == null ? 1 : 0

  bucket = local.bucket_name
  tags   = var.tags
}

resource "aws_s3_bucket_ownership_controls" "this" {
  count = var.existing_bucket == null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  count = var.existing_bucket == null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  count = var.existing_bucket == null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  count = var.existing_bucket == null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  rule {
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  count = var.existing_bucket == null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.bucket_statements, local.protect_deletes) })

  # The public access block checks every policy whose principal is *, even denials.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  count = var.existing_bucket == null ? 1 : 0

  bucket = aws_s3_bucket.this[0].id

  dynamic "rule" {
    for_each = local.lifecycle_rules

    content {
      id     = rule.value.id
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "abort_incomplete_multipart_upload" {
        for_each = rule.value.abort == null ? [] : [rule.value.abort]

        content {
          days_after_initiation = abort_incomplete_multipart_upload.value
        }
      }

      dynamic "expiration" {
        for_each = rule.value.expire == null ? [] : [rule.value.expire]

        content {
          days = expiration.value
        }
      }

      dynamic "expiration" {
        for_each = rule.value.expire == null && rule.value.old != null ? [true] : []

        content {
          expired_object_delete_marker = expiration.value
        }
      }

      dynamic "noncurrent_version_expiration" {
        for_each = rule.value.old == null ? [] : [rule.value.old]

        content {
          noncurrent_days = noncurrent_version_expiration.value
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.lifecycle_rules) <= 1000
      error_message = "A bucket has at most 1,000 lifecycle rules; with landed_files_days each unit needs 15. Use fewer units per environment."
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
