# Two kinds of roles: one starts the container, the other belongs to the program. Neither has the other's permissions.

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

  # By unit: what its runs may do. A unit reaches its own folder and secrets, and no other unit's.
  task_statements = {
    for name, unit in local.units : name => concat(
      [
        {
          Sid      = "ReadAndWriteItsPrefix"
          Effect   = "Allow"
          Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
          Resource = ["${local.bucket_arn}/${unit.prefix}/*"]
        },
        {
          # pardot-etl never removes landed files or manifests, only leases, checks and compacted state entries.
          Sid      = "RemoveOnlyOwnBookkeeping"
          Effect   = "Allow"
          Action   = ["s3:DeleteObject"]
          Resource = ["${local.bucket_arn}/${unit.prefix}/_pardot_etl/*"]
        },
        {
          Sid      = "ListItsPrefix"
          Effect   = "Allow"
          Action   = ["s3:ListBucket"]
          Resource = [local.bucket_arn]
          # IfExists: for a missing name, S3 returns "not found" instead of "forbidden" only to identities that may list
          # the bucket, and a request for one name has no s3:prefix. A list without a prefix has none either, so the role
          # can read the names in the whole bucket; their content it cannot.
          Condition = { StringLikeIfExists = { "s3:prefix" = ["${unit.prefix}/*"] } }
        },
        {
          Sid      = "ReadItsSecrets"
          Effect   = "Allow"
          Action   = ["secretsmanager:GetSecretValue"]
          Resource = concat([for key in local.unit_secrets[name] : aws_secretsmanager_secret.this[key].arn], local.referred_secrets[name])
        },
        {
          Sid      = "NotifyItsTopic"
          Effect   = "Allow"
          Action   = ["sns:Publish"]
          Resource = [local.topic_arn]
        },
      ],
      [
        for key in var.auth_flow == "refresh_token" ? [unit.token_secret] : [] : {
          Sid      = "WriteBackRotatedRefreshToken"
          Effect   = "Allow"
          Action   = ["secretsmanager:PutSecretValue"]
          Resource = [aws_secretsmanager_secret.this[key].arn]
        }
      ],
      [
        # For the bucket, secrets and topic.
        for keys in length(local.keys) == 0 ? [] : [local.keys] : {
          Sid      = "UseTheKeys"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource = keys
        }
      ],
    )
  }
}

resource "aws_iam_role" "task" {
  for_each = local.units

  name                 = each.value.role
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = local.is_fleet ? "Permissions of pardot-etl while it runs for ${each.key}." : "Permissions of pardot-etl while it runs."
  assume_role_policy   = local.trust_task
  tags                 = var.tags
}

resource "aws_iam_role_policy" "task" {
  for_each = local.units

  name   = "task"
  role   = aws_iam_role.task[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.task_statements[each.key] })
}

resource "aws_iam_role" "execution" {
  name                 = "${local.name}-execution"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Permissions of ECS to start pardot-etl: fetch its image, write its log."
  assume_role_policy   = local.trust_execution
  tags                 = var.tags
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
        Resource = [local.repository_arn]
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
