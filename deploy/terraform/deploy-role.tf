# If deploy_role is set: a role for the deploy scripts in a workflow, without stored keys. It can push an image, register
# it, try it and follow a run; it cannot read landed files or secrets, except through a task that it starts.

locals {
  deploy_statements = [
    {
      # These actions support no resource.
      Sid      = "LogInAndReadTaskDefinitions"
      Effect   = "Allow"
      Action   = ["ecr:GetAuthorizationToken", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"]
      Resource = ["*"]
    },
    {
      Sid    = "PushTheImage"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Resource = [local.repository_arn]
    },
    {
      Sid      = "RegisterRevisions"
      Effect   = "Allow"
      Action   = ["ecs:RegisterTaskDefinition", "ecs:TagResource"]
      Resource = ["${local.arn.ecs}:task-definition/${local.name}:*"]
    },
    {
      Sid       = "RunThem"
      Effect    = "Allow"
      Action    = ["ecs:RunTask"]
      Resource  = ["${local.arn.ecs}:task-definition/${local.name}", "${local.arn.ecs}:task-definition/${local.name}:*"]
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }
    },
    {
      Sid       = "FollowAndStopThem"
      Effect    = "Allow"
      Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
      Resource  = ["${local.arn.ecs}:task/${local.cluster_name}/*"]
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }
    },
    {
      # Its resource is a container instance, of which Fargate has none.
      Sid       = "ListThem"
      Effect    = "Allow"
      Action    = ["ecs:ListTasks"]
      Resource  = ["*"]
      Condition = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }
    },
    {
      Sid       = "TagThem"
      Effect    = "Allow"
      Action    = ["ecs:TagResource"]
      Resource  = ["${local.arn.ecs}:task/${local.cluster_name}/*"]
      Condition = { StringEquals = { "ecs:CreateAction" = "RunTask" } }
    },
    {
      Sid       = "HandOverTheRoles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = concat([aws_iam_role.execution.arn], values(aws_iam_role.task)[*].arn)
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    {
      Sid      = "ReadTheLog"
      Effect   = "Allow"
      Action   = ["logs:GetLogEvents"]
      Resource = ["${local.arn.logs}:log-group:/ecs/${local.name}:log-stream:*"]
    },
    {
      Sid      = "ReadTheUnits"
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:GetParametersByPath"]
      Resource = ["${local.arn.ssm}:parameter/${local.name}/units", "${local.arn.ssm}:parameter/${local.name}/units/*"]
    },
    {
      Sid      = "NameTheImage"
      Effect   = "Allow"
      Action   = ["ssm:PutParameter"]
      Resource = ["${local.arn.ssm}:parameter/${local.name}/image-tag"]
    },
  ]
}

resource "aws_iam_role" "deploy" {
  count = var.deploy_role == null ? 0 : 1

  name                 = "${local.name}-deploy"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Lets a workflow deploy pardot-etl."
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = var.deploy_role.oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = { "${split("oidc-provider/", var.deploy_role.oidc_provider_arn)[1]}:aud" = var.deploy_role.audience }
        StringLike   = { "${split("oidc-provider/", var.deploy_role.oidc_provider_arn)[1]}:sub" = var.deploy_role.subjects }
      }
    }]
  })
}

resource "aws_iam_role_policy" "deploy" {
  count = var.deploy_role == null ? 0 : 1

  name   = "deploy"
  role   = aws_iam_role.deploy[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.deploy_statements })
}
