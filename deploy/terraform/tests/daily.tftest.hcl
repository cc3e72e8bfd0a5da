# The usual case: JWT flow, no warehouse. What the task is, may and is started with.

mock_provider "aws" {
  source = "./tests/mocks"
}

# No two entries may have one name, or the statement about one would hold for the other.
override_resource {
  target = aws_secretsmanager_secret.this["salesforce"]
  values = {
    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:pardot-etl-test/salesforce-a1b2c3"
  }
}

override_resource {
  target = aws_secretsmanager_secret.this["refresh-token"]
  values = {
    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:pardot-etl-test/refresh-token-d4e5f6"
  }
}

override_resource {
  target = aws_iam_role.task["test"]
  values = {
    arn = "arn:aws:iam::111122223333:role/pardot-etl-test-task"
    id  = "pardot-etl-test-task"
  }
}

override_resource {
  target = aws_iam_role.execution
  values = {
    arn = "arn:aws:iam::111122223333:role/pardot-etl-test-execution"
    id  = "pardot-etl-test-execution"
  }
}

variables {
  environment = "test"
  network = {
    vpc_id     = "vpc-0123456789abcdef0"
    subnet_ids = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  }
  business_unit_id = "0Uv000000000001AAA"
  client_id        = "3MVG9abc"
  username         = "pardot-etl@acme.example"
  timezone         = "Europe/Berlin"
  alarm_emails     = ["data@acme.example"]
}

run "task" {
  assert {
    condition     = aws_ecs_task_definition.this.family == "pardot-etl-test"
    error_message = "The deploy scripts expect the family pardot-etl-<environment>."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].readonlyRootFilesystem
    error_message = "The root file system must be read-only."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].user == "65532:65532"
    error_message = "The container must run as the image's user, not as root."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].stopTimeout > 30
    error_message = "SIGKILL must come after the grace of 25 s and the work that follows it."
  }

  assert {
    condition = [
      for mount in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].mountPoints : mount.containerPath
      if !mount.readOnly
      ] == [
      for setting in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : setting.value
      if setting.name == "PARDOT_ETL_TMPDIR"
    ]
    error_message = "The only writable path must be PARDOT_ETL_TMPDIR."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].image == "111122223333.dkr.ecr.eu-central-1.amazonaws.com/pardot-etl-test:none"
    error_message = "The image must be the one that the parameter names."
  }

  assert {
    condition = contains(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment,
      { name = "PARDOT_PRIVATE_KEY", value = "aws-secretsmanager:pardot-etl-test/salesforce#private_key" },
    )
    error_message = "The private key must be given as a reference."
  }

  assert {
    condition     = !contains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment[*].name, "PARDOT_CLIENT_SECRET")
    error_message = "The flow jwt has no client secret."
  }

  assert {
    condition = {
      for name, value in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].logConfiguration.options : name => value
      if contains(["mode", "max-buffer-size"], name)
    } == { mode = "non-blocking", max-buffer-size = "25m" }
    error_message = "Mode and buffer of the log must be explicit: defaults change, and a full buffer drops lines."
  }

  assert {
    condition     = keys(aws_secretsmanager_secret.this) == ["salesforce"]
    error_message = "The flow jwt needs one entry."
  }
}

run "task_role" {
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : alltrue([
        for action in statement.Action : !strcontains(action, "*")
      ])
    ])
    error_message = "The task's role must name each action."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : alltrue([
        for resource in statement.Resource : !strcontains(trimsuffix(resource, "/*"), "*")
      ])
    ])
    error_message = "The task's role must name each resource; a star may stand only for a folder's content."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Resource
      if contains(statement.Action, "s3:PutObject")
    ])) == toset(["arn:aws:s3:::pardot-etl-test-111122223333/pardot/*"])
    error_message = "The task may write below its prefix only."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Resource
      if contains(statement.Action, "s3:DeleteObject")
    ])) == toset(["arn:aws:s3:::pardot-etl-test-111122223333/pardot/_pardot_etl/*"])
    error_message = "The task must not be able to remove landed files."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Condition.StringLikeIfExists["s3:prefix"]
      if contains(statement.Action, "s3:ListBucket")
    ] == [["pardot/*"]]
    error_message = "The task may list its prefix only."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Action
      if anytrue([for action in statement.Action : startswith(action, "secretsmanager:")])
    ]) == ["secretsmanager:GetSecretValue"]
    error_message = "Without a refresh token there is nothing to write back."
  }

  assert {
    condition     = jsondecode(aws_iam_role.task["test"].assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "Only tasks of this account may have the task's role."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : alltrue([
        for action in statement.Action : startswith(action, "ecr:") || startswith(action, "logs:")
      ])
    ])
    error_message = "The role that starts the container must reach only the image and the log, not a secret."
  }
}

run "bucket" {
  assert {
    condition     = aws_s3_bucket.this[0].bucket == "pardot-etl-test-111122223333"
    error_message = "The bucket's name must be the account's own."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule :
      alltrue([for expiration in rule.expiration : coalesce(expiration.days, 0) == 0])
    ]) && length(aws_s3_bucket_lifecycle_configuration.this[0].rule) == 3
    error_message = "By default, no rule removes a current file."
  }

  assert {
    condition = alltrue([
      for prefix, days in { "pardot/_pardot_etl/state/lease/" = 1, "pardot/_pardot_etl/" = 30 } : anytrue([
        for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule :
        rule.filter[0].prefix == prefix
        && try(rule.expiration[0].expired_object_delete_marker, false)
        && try(rule.noncurrent_version_expiration[0].noncurrent_days, 0) == days
      ])
    ])
    error_message = "Removed heartbeats and state entries must leave no versions and markers behind."
  }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule :
      rule.filter[0].prefix == "pardot/" && try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0) == 7
    ])
    error_message = "Uploads that were cut must end."
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "The bucket must be encrypted."
  }

  assert {
    condition     = contains(jsondecode(aws_s3_bucket_policy.this[0].policy).Statement[*].Condition, { Bool = { "aws:SecureTransport" = "false" } })
    error_message = "Requests without TLS must be denied."
  }
}

run "schedule" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States["Run the units"].ItemProcessor.States.Run.Arguments.TaskDefinition == "arn:aws:ecs:eu-central-1:111122223333:task-definition/pardot-etl-test"
    error_message = "The state machine must start the family's latest revision, regardless of who registered it."
  }

  assert {
    condition     = aws_scheduler_schedule.daily.target[0].arn == aws_sfn_state_machine.this.arn
    error_message = "The schedule must start the state machine: RunTask can fail with HTTP 200."
  }

  assert {
    condition = jsondecode(aws_scheduler_schedule.daily.target[0].input) == {
      units = [{ name = "test", taskRoleArn = "arn:aws:iam::111122223333:role/pardot-etl-test-task", environment = [] }]
    }
    error_message = "A single unit is a fleet of one with nothing to override."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States["Run the units"].ItemProcessor.States.Run.Arguments.PropagateTags == "TASK_DEFINITION"
    error_message = "Tasks must carry the tags: for cost allocation, and because policies of an organization may demand them."
  }

  assert {
    condition     = aws_scheduler_schedule.daily.schedule_expression_timezone == "Europe/Berlin"
    error_message = "By default, the schedule uses the API user's zone."
  }

  assert {
    condition     = aws_scheduler_schedule.daily.target[0].dead_letter_config[0].arn == aws_sqs_queue.not_started.arn
    error_message = "A start that fails must be kept in the queue."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.fleet.policy).Statement : statement.Resource
      if contains(statement.Action, "iam:PassRole")
    ]) == ["arn:aws:iam::111122223333:role/pardot-etl-test-execution", "arn:aws:iam::111122223333:role/pardot-etl-test-task"]
    error_message = "The state machine may pass only the task's two roles."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.schedule.policy).Statement : statement.Action
    ])) == toset(["states:StartExecution", "sqs:SendMessage"])
    error_message = "The Scheduler may only start the state machine and keep what it could not start."
  }
}

run "alarms" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.no_success["test"].period * aws_cloudwatch_metric_alarm.no_success["test"].evaluation_periods == 26 * 3600
    error_message = "The alarm for missing success must look back 26 hours."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_success["test"].treat_missing_data == "breaching"
    error_message = "A missing run must fire the alarm."
  }

  assert {
    condition = alltrue([
      for alarm in [
        aws_cloudwatch_metric_alarm.no_success["test"], aws_cloudwatch_metric_alarm.quota, aws_cloudwatch_metric_alarm.not_started,
        aws_cloudwatch_metric_alarm.undelivered["failed"], aws_cloudwatch_metric_alarm.undelivered["died"],
      ] : contains(alarm.alarm_actions, aws_sns_topic.this[0].arn)
    ])
    error_message = "Each alarm must notify the topic."
  }

  assert {
    condition = alltrue([
      for alarm in [aws_cloudwatch_metric_alarm.no_success["test"], aws_cloudwatch_metric_alarm.quota, aws_cloudwatch_metric_alarm.certificate] :
      contains([for filter in aws_cloudwatch_log_metric_filter.this : "${filter.metric_transformation[0].namespace}/${filter.metric_transformation[0].name}"], "${alarm.namespace}/${alarm.metric_name}")
    ])
    error_message = "Each alarm must watch a metric that a filter writes."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.died.event_pattern).detail.clusterArn == [aws_ecs_cluster.this[0].arn]
    error_message = "The rule must match only our own tasks."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_success["test"].dimensions == tomap({ BusinessUnit = "0Uv000000000001AAA" })
    error_message = "The alarm for missing success must be about its own business unit."
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.failed.event_pattern).detail == {
      stateMachineArn = ["arn:aws:states:eu-central-1:111122223333:stateMachine:pardot-etl-test"]
      status          = ["ABORTED", "FAILED", "TIMED_OUT"]
      } || jsondecode(aws_cloudwatch_event_rule.failed.event_pattern).detail == {
      stateMachineArn = ["arn:aws:states:eu-central-1:111122223333:stateMachine:pardot-etl-test"]
      status          = ["FAILED", "TIMED_OUT", "ABORTED"]
    }
    error_message = "A run that failed, hung or was stopped must send the state machine's cause."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_sns_topic_policy.this[0].policy).Statement : try(statement.Condition, null)
      if statement.Principal.Service == "events.amazonaws.com"
    ] == [null]
    error_message = "EventBridge must be allowed without a condition: it supports none, and drops the message silently."
  }

  assert {
    condition     = try(jsondecode(aws_cloudwatch_event_rule.died.event_pattern).detail["$or"][1].containers.name, null) == ["pardot-etl"]
    error_message = "An injected container that is killed must not fire the alarm."
  }

  assert {
    condition     = !strcontains(join(" ", values(aws_cloudwatch_event_target.died.input_transformer[0].input_paths)), "containers[")
    error_message = "The message must not read the first container: it may be an injected one."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.died.event_pattern).detail.taskDefinitionArn == [{ prefix = "arn:aws:ecs:eu-central-1:111122223333:task-definition/pardot-etl-test:" }]
    error_message = "The rule must match only this environment's tasks, also in a shared cluster."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.email["data@acme.example"].filter_policy) == { exit_code = [{ exists = false }, { anything-but = [0] }] }
    error_message = "By default, addresses receive alarms (without attributes) and all runs but successful ones."
  }

  assert {
    condition     = keys(aws_sns_topic_subscription.email) == ["data@acme.example"]
    error_message = "Each address must be subscribed."
  }
}

run "weekdays_and_every_mail" {
  variables {
    notify               = "all"
    success_within_hours = 74
    schedule_enabled     = false
  }

  assert {
    condition     = aws_sns_topic_subscription.email["data@acme.example"].filter_policy == null
    error_message = "notify = \"all\" must not filter."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.no_success["test"].period * aws_cloudwatch_metric_alarm.no_success["test"].evaluation_periods == 74 * 3600
    error_message = "The alarm for missing success must look back as long as it is set to."
  }

  assert {
    condition     = !aws_cloudwatch_metric_alarm.no_success["test"].actions_enabled
    error_message = "Without a schedule, a missing run is not a failure."
  }
}

run "outputs" {
  assert {
    condition     = strcontains(output.deploy_env, "\nTASK_FAMILY=pardot-etl-test\n") && strcontains(output.deploy_env, "\nSUBNET_IDS=subnet-0123456789abcdef0,subnet-0123456789abcdef1\n")
    error_message = "The scripts' file must name family and subnets."
  }

  assert {
    condition     = strcontains(output.deploy_env, "\nPLATFORM=linux/arm64\n")
    error_message = "The image must be built for the task's processor."
  }

  assert {
    condition     = output.snowflake_role_arn == null
    error_message = "Without snowpipe there is no role for Snowflake."
  }
}

run "refresh_token" {
  variables {
    auth_flow = "refresh_token"
    username  = null
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Resource
      if contains(statement.Action, "secretsmanager:PutSecretValue")
    ]) == ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:pardot-etl-test/refresh-token-d4e5f6"]
    error_message = "A rotated refresh token may be written only to its own secret."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Resource
      if contains(statement.Action, "secretsmanager:GetSecretValue")
    ])) == toset(values(aws_secretsmanager_secret.this)[*].arn)
    error_message = "The task must be able to read each of its entries."
  }

  assert {
    condition = contains(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment,
      { name = "PARDOT_REFRESH_TOKEN", value = "aws-secretsmanager:pardot-etl-test/refresh-token#refresh_token" },
    )
    error_message = "The refresh token must be given as a reference."
  }
}

run "files_that_end" {
  variables {
    landed_files_days = 400
    kms_key_arn       = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
  }

  assert {
    condition = contains(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment,
      { name = "PARDOT_ETL_RETENTION", value = "400d" },
    )
    error_message = "The program must know how long files are kept, or it reports them as lost."
  }

  assert {
    condition = toset([
      for rule in aws_s3_bucket_lifecycle_configuration.this[0].rule : rule.filter[0].prefix
      if try(rule.expiration[0].days, 0) == 400
    ]) == toset([for initial in ["A", "B", "C", "D", "E", "F", "I", "L", "O", "P", "T", "U", "V"] : "pardot/${initial}"])
    error_message = "Landed files must expire, the tool's state must not."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Resource
      if contains(statement.Action, "kms:GenerateDataKey")
    ]) == ["arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"]
    error_message = "The task must be able to use the bucket's key."
  }
}
