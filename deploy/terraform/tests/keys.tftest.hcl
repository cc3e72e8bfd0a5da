# What a security team asks for: a key of theirs, bounded roles, a deploy role without stored keys, write-once by policy.

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
}

run "customer_key" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
  }

  assert {
    condition = alltrue([
      for key in concat(
        [
          one(aws_s3_bucket_server_side_encryption_configuration.this[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id,
          aws_sns_topic.this[0].kms_master_key_id,
          aws_sqs_queue.not_started.kms_master_key_id,
          aws_cloudwatch_log_group.this.kms_key_id,
          aws_ecr_repository.this[0].encryption_configuration[0].kms_key,
          aws_ecs_cluster.this[0].configuration[0].managed_storage_configuration[0].fargate_ephemeral_storage_kms_key_id,
        ],
        values(aws_secretsmanager_secret.this)[*].kms_key_id,
      ) : key == "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
    ])
    error_message = "The key must encrypt bucket, topic, queue, log, images, the task's disk and secrets."
  }

  assert {
    condition = alltrue([
      for policy in [aws_iam_role_policy.task["test"].policy, aws_iam_role_policy.schedule.policy] : contains(
        flatten([for statement in jsondecode(policy).Statement : statement.Resource if contains(statement.Action, "kms:GenerateDataKey")]),
        "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef",
      )
    ])
    error_message = "The task and the schedule must be able to use the key."
  }

  assert {
    condition = toset(jsondecode(output.key_policy_statements)[*].Principal.Service) == toset([
      "logs.eu-central-1.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com", "fargate.amazonaws.com",
    ])
    error_message = "The output must name every service that needs the key."
  }

  assert {
    condition     = [for statement in jsondecode(output.key_policy_statements) : try(statement.Condition, null) if statement.Principal.Service == "events.amazonaws.com"] == [null]
    error_message = "SNS supports no condition on the account for EventBridge."
  }
}

run "bounded_roles" {
  variables {
    permissions_boundary = "arn:aws:iam::111122223333:policy/boundary"
    role_path            = "/data/"
    snowpipe             = {}
    deploy_role          = { oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", subjects = ["repo:acme/pardot-etl:environment:prod"] }
  }

  assert {
    condition = alltrue([
      for role in [aws_iam_role.task["test"], aws_iam_role.execution, aws_iam_role.schedule, aws_iam_role.fleet, aws_iam_role.snowflake[0], aws_iam_role.deploy[0]] :
      role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && role.path == "/data/"
    ])
    error_message = "Every role must have the boundary and the path."
  }

  assert {
    condition = jsondecode(aws_iam_role.deploy[0].assume_role_policy).Statement[0].Condition == {
      StringEquals = { "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com" }
      StringLike   = { "token.actions.githubusercontent.com:sub" = ["repo:acme/pardot-etl:environment:prod"] }
    }
    error_message = "Only the named workflows may deploy."
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.deploy[0].policy).Statement : [
        for action in statement.Action : !strcontains(action, "*") && !startswith(action, "s3:") && !startswith(action, "secretsmanager:")
      ]
    ]))
    error_message = "The deploy role must name each action, and reach neither files nor secrets."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.deploy[0].policy).Statement : !contains(statement.Resource, "*") || length(setsubtract(statement.Action, [
        "ecr:GetAuthorizationToken", "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:ListTasks",
      ])) == 0
    ])
    error_message = "The deploy role may have only those actions on everything that support no resource."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.deploy[0].policy).Statement : statement.Condition.StringEquals["iam:PassedToService"]
      if contains(statement.Action, "iam:PassRole")
    ] == ["ecs-tasks.amazonaws.com"]
    error_message = "The deploy role may pass roles only to tasks."
  }
}

run "anyones_workflow" {
  command         = plan
  expect_failures = [var.deploy_role]

  variables {
    deploy_role = { oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", subjects = ["*"] }
  }
}

run "write_once" {
  variables {
    protect_landed_files = { except = ["arn:aws:iam::111122223333:role/break-glass"] }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_s3_bucket_policy.this[0].policy).Statement : statement.Condition if statement.Sid == "WriteOnce"
      ] == [{
        ArnNotLike = { "aws:PrincipalArn" = ["arn:aws:iam::111122223333:role/break-glass"] }
        Bool       = { "s3:ObjectCreationOperation" = "true" }
        Null       = { "s3:if-none-match" = "true" }
    }]
    error_message = "A write that could replace a file must be denied, but not the parts of an upload."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_s3_bucket_policy.this[0].policy).Statement : statement.Sid != "KeepLandedFiles" || alltrue([
        for resource in statement.Resource : !strcontains(resource, "_pardot_etl/state")
      ]) && contains(statement.Resource, "arn:aws:s3:::pardot-etl-test-111122223333/pardot/P*") && contains(statement.Resource, "arn:aws:s3:::pardot-etl-test-111122223333/pardot/_pardot_etl/runs/*")
    ])
    error_message = "Landed files and manifests must be kept; the tool must be able to remove its own leases."
  }
}

run "columns_and_report" {
  variables {
    configuration = { columns = { Prospect = { drop = ["phone"], hash = ["email"] } } }
    hash_key      = true
    report        = true
    settings      = { PARDOT_ETL_WEBHOOK_URL = "aws-secretsmanager:shared/slack#url" }
  }

  assert {
    condition = alltrue([
      for pair in [
        ["PARDOT_ETL_CONFIG", jsonencode({ columns = { Prospect = { drop = ["phone"], hash = ["email"] } } })],
        ["PARDOT_ETL_HASH_KEY", "aws-secretsmanager:pardot-etl-test/hash#key"],
        ["PARDOT_ETL_REPORT", "true"],
      ] : contains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment, { name = pair[0], value = pair[1] })
    ])
    error_message = "The choice of columns, the hash key's reference and the report switch must reach the program."
  }

  assert {
    condition = contains(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["test"].policy).Statement : statement.Resource
    ]), "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shared/slack-??????")
    error_message = "The task must be able to read secrets that settings refer to."
  }
}

run "a_secret_in_the_configuration" {
  command         = plan
  expect_failures = [var.configuration]

  variables {
    configuration = { etl = { hash_key = "it-would-stand-in-the-state" } }
  }
}

run "no_such_section" {
  command         = plan
  expect_failures = [var.configuration]

  variables {
    configuration = { column = {} }
  }
}
