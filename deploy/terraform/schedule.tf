# Once a day the Scheduler starts the state machine, and that starts a task for each unit. A start that fails is repeated
# for an hour and then kept in the queue. The state machine repeats what a repetition can help (fleet.asl.json.tftpl).

resource "aws_sqs_queue" "not_started" {
  name                      = "${local.name}-not-started"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  tags                      = var.tags
}

resource "aws_iam_role" "schedule" {
  name                 = "${local.name}-schedule"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Permission of EventBridge Scheduler to start the state machine."
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "schedule" {
  name = "schedule"
  role = aws_iam_role.schedule.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "StartTheStateMachine"
          Effect   = "Allow"
          Action   = ["states:StartExecution"]
          Resource = [aws_sfn_state_machine.this.arn]
        },
        {
          Sid      = "KeepWhatDidNotStart"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [aws_sqs_queue.not_started.arn]
        },
      ],
      [
        for key in var.kms_key_arn == null ? [] : [var.kms_key_arn] : {
          Sid      = "EncryptTheMessage"
          Effect   = "Allow"
          Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource = [key]
        }
      ],
    )
  })
}

resource "aws_iam_role" "fleet" {
  name                 = "${local.name}-fleet"
  path                 = var.role_path
  permissions_boundary = var.permissions_boundary
  description          = "Permission of Step Functions to start pardot-etl and wait for its end."
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "fleet" {
  name = "fleet"
  role = aws_iam_role.fleet.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "StartAnyRevision"
        Effect = "Allow"
        Action = ["ecs:RunTask"]
        Resource = [
          aws_ecs_task_definition.this.arn_without_revision,
          "${aws_ecs_task_definition.this.arn_without_revision}:*",
        ]
        Condition = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }
      },
      {
        # Tasks have no name before they start.
        Sid       = "WaitForItsTasks"
        Effect    = "Allow"
        Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
        Resource  = ["${local.arn.ecs}:task/${local.cluster_name}/*"]
        Condition = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }
      },
      {
        Sid       = "TagItsTasks"
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
        # The rule through which Step Functions learns that a task has ended; AWS has named it.
        Sid      = "HearOfTheirEnd"
        Effect   = "Allow"
        Action   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
        Resource = ["${local.arn.events}:rule/StepFunctionsGetEventsForECSTaskRule"]
      },
    ]
  })
}

resource "aws_sfn_state_machine" "this" {
  name     = local.name
  role_arn = aws_iam_role.fleet.arn
  type     = "STANDARD"
  tags     = var.tags

  definition = templatefile("${path.module}/fleet.asl.json.tftpl", {
    partition   = local.partition
    cluster_arn = local.cluster_arn
    # Without a revision number: the latest active revision, including one that a deploy script registered.
    task_definition_arn = aws_ecs_task_definition.this.arn_without_revision
    container_name      = "pardot-etl"
    subnet_ids          = local.network.subnet_ids
    security_group_ids  = [aws_security_group.this.id]
    assign_public_ip    = local.network.assign_public_ip
    max_concurrency     = var.max_concurrency
  })

  # Its first step would fail without them.
  depends_on = [aws_iam_role_policy.fleet]
}

resource "aws_scheduler_schedule" "daily" {
  name                         = local.name
  description                  = "Starts pardot-etl."
  state                        = var.schedule_enabled ? "ENABLED" : "DISABLED"
  schedule_expression          = var.schedule_expression
  schedule_expression_timezone = coalesce(var.schedule_timezone, var.timezone, "UTC")

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.this.arn
    role_arn = aws_iam_role.schedule.arn
    input    = jsonencode(local.fleet_input)

    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 10
    }

    dead_letter_config {
      arn = aws_sqs_queue.not_started.arn
    }
  }

  lifecycle {
    precondition {
      condition     = length(jsonencode(local.fleet_input)) < 256000
      error_message = "The units' settings are too long: the Scheduler passes 256 KB at most."
    }
  }
}
