# Alarms; docs/deploy-aws.md, "Alarms", explains what to do about each and how to prove it. The filters read the last line
# of a run's log.

resource "aws_sns_topic" "this" {
  count = var.topic_arn == null ? 1 : 0

  name              = local.name
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

locals {
  # An existing topic needs the same: the output topic_policy_statements has it.
  topic_statements = [
    {
      Sid       = "Alarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = ["sns:Publish"]
      Resource  = [local.topic_arn]
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    },
    {
      # No condition: EventBridge does not support one in a topic's policy and would drop the message without an error
      # (EventBridge user guide, "Amazon SNS permissions").
      Sid       = "FailedRunsAndDeadTasks"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["sns:Publish"]
      Resource  = [local.topic_arn]
    },
  ]
}

resource "aws_sns_topic_policy" "this" {
  count = var.topic_arn == null ? 1 : 0

  arn    = local.topic_arn
  policy = jsonencode({ Version = "2012-10-17", Statement = local.topic_statements })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.alarm_emails

  topic_arn = local.topic_arn
  protocol  = "email"
  endpoint  = each.value

  # Alarms and the messages of rules carry no attributes. A policy that names only exit codes would drop them.
  filter_policy = var.notify == "all" ? null : jsonencode({ exit_code = [{ exists = false }, { anything-but = [0] }] })
}

locals {
  # For which runs a value is counted, and of which field. By business unit, but quota and certificate: any unit's is an
  # alarm.
  metric_filters = {
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
    # A warning, not the last line. That of `check` names no unit.
    certificate = {
      pattern = "{ $.event = \"warning\" && $.code = \"auth.certificate-ends\" }"
      metric  = "CertificateEnds"
      value   = "1"
    }
    # For the dashboard.
    rows = {
      pattern = "{ $.event = \"run_ended\" && $.rows >= 0 }"
      metric  = "Rows"
      value   = "$.rows"
    }
    calls = {
      pattern = "{ $.event = \"run_ended\" && $.calls >= 0 }"
      metric  = "Calls"
      value   = "$.calls"
    }
    duration = {
      pattern = "{ $.event = \"run_ended\" && $.duration_ms >= 0 }"
      metric  = "Duration"
      value   = "$.duration_ms"
    }
  }
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.metric_filters

  name           = "${local.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = each.value.pattern

  metric_transformation {
    namespace  = local.name
    name       = each.value.metric
    value      = each.value.value
    unit       = each.key == "duration" ? "Milliseconds" : null
    dimensions = contains(["certificate", "quota", "quota-stopped"], each.key) ? null : { BusinessUnit = "$.business_unit" }
  }
}

# One per unit: one unit's success says nothing about another's.
resource "aws_cloudwatch_metric_alarm" "no_success" {
  for_each = { for name, unit in local.units : name => unit if unit.enabled }

  alarm_name          = local.is_fleet ? "${local.name}-no-success-${each.key}" : "${local.name}-no-success"
  alarm_description   = "No run${local.is_fleet ? " of ${each.key}" : ""} has succeeded for ${var.success_within_hours} hours. Check whether a run is in progress, failed or did not start; run by hand when the cause is fixed."
  namespace           = local.name
  metric_name         = local.metric_filters.succeeded.metric
  dimensions          = { BusinessUnit = each.value.business_unit_id }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.success_within_hours
  datapoints_to_alarm = var.success_within_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  actions_enabled     = var.schedule_enabled
  alarm_actions       = [local.topic_arn]
  ok_actions          = [local.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "quota" {
  alarm_name          = "${local.name}-quota"
  alarm_description   = "The day's API calls are nearly used up. Check which other integrations call, or raise PARDOT_DAILY_CALL_BUDGET; the next run continues. The run's own message names the business unit."
  namespace           = local.name
  metric_name         = local.metric_filters.quota.metric
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = var.quota_alarm_share
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  tags                = var.tags
}

# Runs with a warning succeed, and their own message is filtered from the mails unless notify is all.
resource "aws_cloudwatch_metric_alarm" "certificate" {
  alarm_name          = "${local.name}-certificate"
  alarm_description   = "The certificate of the app's key ends within 30 days. Create a new key and certificate, upload the certificate to the app, and store both. The warning auth.certificate-ends in the log has the day and the business unit."
  namespace           = local.name
  metric_name         = local.metric_filters.certificate.metric
  statistic           = "Sum"
  period              = 86400
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "not_started" {
  alarm_name          = "${local.name}-not-started"
  alarm_description   = "The schedule could not start the state machine. The message in ${aws_sqs_queue.not_started.name} shows the reason."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.not_started.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  tags                = var.tags
}

# A rule's message that does not reach the topic is lost without a trace elsewhere.
resource "aws_cloudwatch_metric_alarm" "undelivered" {
  for_each = { failed = aws_cloudwatch_event_rule.failed.name, died = aws_cloudwatch_event_rule.died.name }

  alarm_name          = "${local.name}-undelivered-${each.key}"
  alarm_description   = "EventBridge could not deliver a message of the rule ${each.value} to the topic. Check the policies of the topic and of its key, then look at the last run."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = each.value }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic_arn]
  tags                = var.tags
}

# A scheduled run that failed for good: the cause names each unit that failed and its exit code.
resource "aws_cloudwatch_event_rule" "failed" {
  name        = "${local.name}-failed"
  description = "Scheduled runs of which a unit failed, after the state machine's own repetitions."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.states"]
    detail-type = ["Step Functions Execution Status Change"]
    detail = {
      stateMachineArn = [aws_sfn_state_machine.this.arn]
      status          = ["FAILED", "TIMED_OUT", "ABORTED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  rule      = aws_cloudwatch_event_rule.failed.name
  target_id = "topic"
  arn       = local.topic_arn

  input_transformer {
    input_paths = {
      status    = "$.detail.status"
      error     = "$.detail.error"
      cause     = "$.detail.cause"
      execution = "$.detail.executionArn"
    }
    input_template = "\"${local.name}: a scheduled run ended as <status> (<error>). <cause>. The reason is in the run's own message and at the end of the log ${aws_cloudwatch_log_group.this.name}. Finished work is committed; the next run continues. Execution: <execution>\""
  }
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
      clusterArn        = [local.cluster_arn]
      taskDefinitionArn = [{ prefix = "${aws_ecs_task_definition.this.arn_without_revision}:" }]
      lastStatus        = ["STOPPED"]
      "$or" = [
        { stopCode = ["TaskFailedToStart", "SpotInterruption", "TerminationNotice"] },
        # Excludes the program's own codes except 1: a bug may occur before there is a log. Names the container, because
        # others may be injected (GuardDuty's is killed when ours ends); both must match in the same one.
        { containers = { name = ["pardot-etl"], exitCode = [{ anything-but = [0, 2, 3, 4, 5, 6, 7, 8, 9, 130] }] } },
      ]
    }
  })
}

resource "aws_cloudwatch_event_target" "died" {
  rule      = aws_cloudwatch_event_rule.died.name
  target_id = "topic"
  arn       = local.topic_arn

  input_transformer {
    # No path into containers: their order is not defined, and an injected one may be the first.
    input_paths = {
      task   = "$.detail.taskArn"
      code   = "$.detail.stopCode"
      reason = "$.detail.stoppedReason"
    }
    input_template = "\"${local.name}: a task ended without the program's last log line (<code>). <reason> Task: <task>. Log: ${aws_cloudwatch_log_group.this.name}. Exit code: aws ecs describe-tasks --cluster ${local.cluster_name} --tasks <task>. The next run finds the finished work.\""
  }
}
