# Alarms; docs/deploy-aws.md, "Alarms", explains what to do about each. The filters read the last line of a run's log.

resource "aws_sns_topic" "this" {
  name = local.name
  tags = var.tags
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
      {
        Sid       = "DeadTasks"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
        # No condition: EventBridge does not support one in a topic's policy and would drop the message without an error
        # (EventBridge user guide, "Amazon SNS permissions").
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.alarm_emails

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value

  # Alarms and the messages about dead tasks carry no attributes. A policy that names only exit codes would drop them.
  filter_policy = var.notify == "all" ? null : jsonencode({ exit_code = [{ exists = false }, { anything-but = [0] }] })
}

locals {
  metric_filters = {
    # Excludes codes that need no repair: 4 has the quota alarm, 8 means that another run is in progress, 130 that the
    # run was stopped. If no run finishes, the 26-hour alarm fires.
    failed = {
      pattern = "{ $.event = \"run_ended\" && $.exit_code != 0 && $.exit_code != 4 && $.exit_code != 8 && $.exit_code != 130 }"
      metric  = "FailedRuns"
      value   = "1"
    }
    succeeded = {
      pattern = "{ $.event = \"run_ended\" && $.exit_code = 0 }"
      metric  = "SuccessfulRuns"
      value   = "1"
    }
    quota = {
      pattern = "{ $.event = \"run_ended\" && $.quota_share >= 0 }"
      metric  = "QuotaShare"
      value   = "$.quota_share"
    }
    # A run that the quota stopped counts as the whole quota, whatever the known numbers.
    quota-stopped = {
      pattern = "{ $.event = \"run_ended\" && $.exit_code = 4 }"
      metric  = "QuotaShare"
      value   = "1"
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.metric_filters

  name           = "${local.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = each.value.pattern

  metric_transformation {
    namespace = local.name
    name      = each.value.metric
    value     = each.value.value
  }
}

resource "aws_cloudwatch_metric_alarm" "failed" {
  alarm_name          = "${local.name}-failed"
  alarm_description   = "A run failed. The last lines of ${aws_cloudwatch_log_group.this.name} show the reason and what to do; finished work is committed."
  namespace           = local.name
  metric_name         = local.metric_filters.failed.metric
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "no_success" {
  alarm_name          = "${local.name}-no-success"
  alarm_description   = "No run has succeeded for ${var.success_within_hours} hours. Check whether a run is in progress, failed or did not start; run by hand when the cause is fixed."
  namespace           = local.name
  metric_name         = local.metric_filters.succeeded.metric
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.success_within_hours
  datapoints_to_alarm = var.success_within_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  actions_enabled     = var.schedule_enabled
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "quota" {
  alarm_name          = "${local.name}-quota"
  alarm_description   = "The day's API calls are nearly used up. Check which other integrations call, or raise PARDOT_DAILY_CALL_BUDGET; the next run continues."
  namespace           = local.name
  metric_name         = local.metric_filters.quota.metric
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.quota_alarm_share
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "not_started" {
  alarm_name          = "${local.name}-not-started"
  alarm_description   = "The schedule could not start the task. The message in ${aws_sqs_queue.not_started.name} shows the reason."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.not_started.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.this.arn]
  tags                = var.tags
}

# A task that ended before its last log line: no image, no address, out of memory, killed.
resource "aws_cloudwatch_event_rule" "died" {
  name        = "${local.name}-died"
  description = "Tasks that ended without the program's last log line."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn        = [aws_ecs_cluster.this.arn]
      taskDefinitionArn = [{ prefix = "${aws_ecs_task_definition.this.arn_without_revision}:" }]
      lastStatus        = ["STOPPED"]
      "$or" = [
        { stopCode = ["TaskFailedToStart", "SpotInterruption", "TerminationNotice"] },
        # Excludes the program's own codes except 1: a bug may occur before there is a log. Names the container, because
        # others may be injected (GuardDuty's is killed when ours ends); both must match in the same one.
        { containers = { name = [local.container], exitCode = [{ anything-but = [0, 2, 3, 4, 5, 6, 7, 8, 9, 130] }] } },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "died" {
  rule      = aws_cloudwatch_event_rule.died.name
  target_id = "topic"
  arn       = aws_sns_topic.this.arn

  input_transformer {
    # No path into containers: their order is not defined, and an injected one may be the first.
    input_paths = {
      task   = "$.detail.taskArn"
      code   = "$.detail.stopCode"
      reason = "$.detail.stoppedReason"
    }
    input_template = "\"${local.name}: a task ended without the program's last log line (<code>). <reason> Task: <task>. Log: ${aws_cloudwatch_log_group.this.name}. Exit code: aws ecs describe-tasks --cluster ${aws_ecs_cluster.this.name} --tasks <task>. The next run finds the finished work.\""
  }
}
