# What a team has already: a bucket, a cluster, a topic, a repository.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment = "test"
  network = {
    vpc_id     = "vpc-0123456789abcdef0"
    subnet_ids = ["subnet-0123456789abcdef0"]
  }
  business_unit_id = "0Uv000000000001AAA"
  client_id        = "3MVG9abc"
  username         = "pardot-etl@acme.example"
  timezone         = "UTC"
  alarm_emails     = ["data@acme.example"]

  existing_bucket = { name = "acme-lake", kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-89ab-cdef-0123-456789abcdef" }
  cluster_arn     = "arn:aws:ecs:eu-central-1:111122223333:cluster/shared"
  topic_arn       = "arn:aws:sns:eu-central-1:111122223333:data-alarms"
  repository_url  = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tools/pardot-etl"
  snowpipe        = { user_arn = "arn:aws:iam::444455556666:user/abc1-b-self1234", external_id = "ACME_SFCRole=2_abc=", queue_arn = "arn:aws:sqs:eu-central-1:444455556666:sf-snowpipe-AIDA-abc" }
}

run "nothing_of_theirs_is_managed" {
  assert {
    condition = sum([
      length(aws_s3_bucket.this), length(aws_s3_bucket_ownership_controls.this), length(aws_s3_bucket_public_access_block.this),
      length(aws_s3_bucket_versioning.this), length(aws_s3_bucket_server_side_encryption_configuration.this), length(aws_s3_bucket_policy.this),
      length(aws_s3_bucket_lifecycle_configuration.this), length(aws_s3_bucket_notification.snowpipe),
    ]) == 0
    error_message = "These resources replace a bucket's whole configuration, so none may be made for an existing bucket."
  }

  assert {
    condition     = length(aws_ecs_cluster.this) + length(aws_sns_topic.this) + length(aws_sns_topic_policy.this) + length(aws_ecr_repository.this) + length(aws_ecr_lifecycle_policy.this) == 0
    error_message = "An existing cluster, topic and repository must stay as they are."
  }
}

run "theirs_is_used" {
  assert {
    condition = alltrue([
      for pair in [["PARDOT_ETL_DESTINATION", "s3://acme-lake/pardot"], ["PARDOT_ETL_SNS_TOPIC_ARN", "arn:aws:sns:eu-central-1:111122223333:data-alarms"]] :
      contains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment, { name = pair[0], value = pair[1] })
    ])
    error_message = "The task must use the existing bucket and topic."
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.this.container_definitions)[0].image == "111122223333.dkr.ecr.eu-central-1.amazonaws.com/tools/pardot-etl:none"
    error_message = "The task must use the existing repository."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States["Run the units"].ItemProcessor.States.Run.Arguments.Cluster == "arn:aws:ecs:eu-central-1:111122223333:cluster/shared"
    error_message = "The state machine must use the existing cluster."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if contains(statement.Action, "ecr:BatchGetImage")
    ]) == ["arn:aws:ecr:eu-central-1:111122223333:repository/tools/pardot-etl"]
    error_message = "The image must be fetched from the existing repository."
  }

  assert {
    condition = flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Resource if contains(statement.Action, "kms:GenerateDataKey")
    ]) == ["arn:aws:kms:eu-central-1:111122223333:key/11111111-89ab-cdef-0123-456789abcdef"]
    error_message = "The task must be able to use the bucket's key."
  }

  assert {
    condition     = strcontains(output.deploy_env, "\nECS_CLUSTER=shared\n") && strcontains(output.deploy_env, "\nECR_REPOSITORY=tools/pardot-etl\n")
    error_message = "The deploy scripts must use what exists."
  }
}

run "what_is_missing_there_is_an_output" {
  variables {
    landed_files_days    = 400
    protect_landed_files = { except = ["arn:aws:iam::111122223333:role/break-glass"] }
  }

  assert {
    condition = [
      for rule in jsondecode(output.existing_bucket_needs).lifecycle_rules : rule.Expiration.ExpiredObjectDeleteMarker
      if rule.Filter.Prefix == "pardot/_pardot_etl/state/lease/"
    ] == [true] && length(jsondecode(output.existing_bucket_needs).lifecycle_rules) == 16
    error_message = "The output must list the lifecycle rules."
  }

  assert {
    condition     = contains(jsondecode(output.existing_bucket_needs).queue_notifications[*].Filter.Key.FilterRules[1].Value, "/manifest.json")
    error_message = "The output must list the notifications."
  }

  assert {
    condition     = toset(jsondecode(output.existing_bucket_needs).policy_statements[*].Sid) == toset(["TlsOnly", "NoOldTls", "WriteOnce", "KeepLandedFiles"])
    error_message = "The output must list the policy's statements."
  }

  assert {
    condition     = jsondecode(output.topic_policy_statements)[*].Resource == [["arn:aws:sns:eu-central-1:111122223333:data-alarms"], ["arn:aws:sns:eu-central-1:111122223333:data-alarms"]]
    error_message = "The output must list what the topic's policy has to allow."
  }
}

run "two_buckets" {
  command         = plan
  expect_failures = [var.existing_bucket]

  variables {
    bucket_name = "acme-new"
  }
}

run "a_fifo_topic" {
  command         = plan
  expect_failures = [var.topic_arn]

  variables {
    topic_arn = "arn:aws:sns:eu-central-1:111122223333:data-alarms.fifo"
  }
}
