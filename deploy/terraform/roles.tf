# Two roles: one starts the container, the other belongs to the program. Neither has the other's permissions.

locals {
  # For the task's role as AWS recommends it: only tasks of this account. For the other one its documentation has no such
  # condition, and a start that fails would be worse than a role that can fetch an image.
  trust_task = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:ecs:${local.region}:${local.account_id}:*" }
      }
    }]
  })

  trust_execution = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  task_statements = concat(
    [
      {
        Sid      = "ReadAndWriteItsPrefix"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
        Resource = ["${aws_s3_bucket.this.arn}/${var.prefix}/*"]
      },
      {
        # pardot-etl never removes landed files or manifests, only leases, checks and compacted state entries.
        Sid      = "RemoveOnlyOwnBookkeeping"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject"]
        Resource = ["${aws_s3_bucket.this.arn}/${var.prefix}/_pardot_etl/*"]
      },
      {
        Sid      = "ListItsPrefix"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = [aws_s3_bucket.this.arn]
        # IfExists: for a missing name, S3 returns "not found" instead of "forbidden" only to identities that may list the
        # bucket, and a request for one name has no s3:prefix.
        Condition = { StringLikeIfExists = { "s3:prefix" = ["${var.prefix}/*"] } }
      },
      {
        Sid      = "ReadItsSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = [for key in keys(local.secrets) : aws_secretsmanager_secret.this[key].arn]
      },
      {
        Sid      = "TellItsTopic"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = [aws_sns_topic.this.arn]
      },
    ],
    [
      for key in keys(local.secrets) : {
        Sid      = "WriteBackRotatedRefreshToken"
        Effect   = "Allow"
        Action   = ["secretsmanager:PutSecretValue"]
        Resource = [aws_secretsmanager_secret.this[key].arn]
      } if key == "refresh-token"
    ],
    [
      for arn in var.kms_key_arn == null ? [] : [var.kms_key_arn] : {
        Sid      = "UseTheKeyOfTheBucket"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [arn]
      }
    ],
  )
}

resource "aws_iam_role" "task" {
  name               = "${local.name}-task"
  description        = "Permissions of pardot-etl while it runs."
  assume_role_policy = local.trust_task
  tags               = var.tags
}

resource "aws_iam_role_policy" "task" {
  name   = "task"
  role   = aws_iam_role.task.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.task_statements })
}

resource "aws_iam_role" "execution" {
  name               = "${local.name}-execution"
  description        = "Permissions of ECS to start pardot-etl: fetch its image, write its log."
  assume_role_policy = local.trust_execution
  tags               = var.tags
}

resource "aws_iam_role_policy" "execution" {
  name = "execution"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # This action supports no resource.
        Sid      = "LogInToEcr"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
      {
        Sid      = "FetchTheImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [aws_ecr_repository.this.arn]
      },
      {
        Sid      = "WriteTheLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
    ]
  })
}
