# Forty business units: what they share, and what keeps them apart.

mock_provider "aws" {
  source = "./tests/mocks"
}

# Two units that the statements look at; the others share the names of the mocks.
override_resource {
  target = aws_iam_role.task["unit-1"]
  values = {
    arn = "arn:aws:iam::111122223333:role/pardot-etl-test-unit-unit-1"
    id  = "pardot-etl-test-unit-unit-1"
  }
}

override_resource {
  target = aws_iam_role.task["unit-2"]
  values = {
    arn = "arn:aws:iam::111122223333:role/pardot-etl-test-unit-unit-2"
    id  = "pardot-etl-test-unit-unit-2"
  }
}

override_resource {
  target = aws_secretsmanager_secret.this["unit-2/salesforce"]
  values = {
    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:pardot-etl-test/unit-2/salesforce-d4e5f6"
  }
}

variables {
  environment = "test"
  network = {
    vpc_id     = "vpc-0123456789abcdef0"
    subnet_ids = ["subnet-0123456789abcdef0"]
  }
  client_id = "3MVG9abc"
  username  = "pardot-etl@acme.example"
  timezone  = "Europe/Berlin"
  snowflake = { account = "acme-prod", user = "PARDOT_ETL", role = "PARDOT_ETL", warehouse = "LOADING", database = "LAKE", schema = "PARDOT" }
  snowpipe = {
    user_arn    = "arn:aws:iam::444455556666:user/abc1-b-self1234"
    external_id = "ACME_SFCRole=2_abc="
    queue_arn   = "arn:aws:sqs:eu-central-1:444455556666:sf-snowpipe-AIDA-abc"
  }
  landed_files_days = 400
  units = merge(
    { for number in range(38) : "unit-${number + 3}" => { business_unit_id = format("0Uv0000000000%02dAAA", number + 3) } },
    {
      unit-1 = { business_unit_id = "0Uv000000000001AAA", timezone = "Asia/Tokyo", settings = { PARDOT_ETL_OVERLAP = "2d" }, daily_call_budget = 5000 }
      unit-2 = { business_unit_id = "0Uv000000000002AAA", client_id = "3MVG9other", schema = "APAC", enabled = false }
    },
  )
}

run "shared" {
  assert {
    condition     = length(aws_iam_role.task) == 40 && length(aws_ssm_parameter.unit) == 40 && length(aws_secretsmanager_secret.this) == 3
    error_message = "Forty units need forty roles and parameters, but share the secrets of their app and warehouse."
  }

  assert {
    condition = length(setintersection(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment[*].name,
      ["PARDOT_BUSINESS_UNIT_ID", "PARDOT_ETL_DESTINATION", "PARDOT_PRIVATE_KEY", "PARDOT_TIMEZONE", "SNOWFLAKE_SCHEMA"],
    )) == 0
    error_message = "A start without a unit must not be able to run: the task definition belongs to no unit."
  }

  assert {
    condition     = aws_ecs_task_definition.this.task_role_arn == null
    error_message = "A start without a unit must have no permissions."
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this[0].rule) == 1 + 40 * 15
    error_message = "Each unit needs its own rules, and all of them must fit into a bucket."
  }

  assert {
    condition     = length(aws_s3_bucket_notification.snowpipe[0].queue) == 8
    error_message = "One rule per kind of file serves all units: a bucket has at most 100."
  }

  assert {
    condition     = length(aws_iam_role_policy.snowflake[0].policy) < 10240 && length(aws_s3_bucket_policy.this[0].policy) < 20480 && length(aws_iam_role_policy.fleet.policy) < 10240
    error_message = "Policies must keep to the limits of IAM (10,240) and S3 (20,480)."
  }
}

run "a_unit" {
  assert {
    condition = { for one in jsondecode(aws_ssm_parameter.unit["unit-1"].insecure_value).environment : one.name => one.value } == {
      PARDOT_BUSINESS_UNIT_ID  = "0Uv000000000001AAA"
      PARDOT_CLIENT_ID         = "3MVG9abc"
      PARDOT_DAILY_CALL_BUDGET = "5000"
      PARDOT_ETL_DESTINATION   = "s3://pardot-etl-test-111122223333/pardot/unit-1"
      PARDOT_ETL_OBJECTS       = "core"
      PARDOT_ETL_OVERLAP       = "2d"
      PARDOT_LOGIN_URL         = "https://login.salesforce.com"
      PARDOT_PRIVATE_KEY       = "aws-secretsmanager:pardot-etl-test/salesforce#private_key"
      PARDOT_TIMEZONE          = "Asia/Tokyo"
      PARDOT_USERNAME          = "pardot-etl@acme.example"
      SNOWFLAKE_SCHEMA         = "PARDOT_UNIT_1"
    }
    error_message = "A unit has its own folder, schema and settings, and the common values for the rest."
  }

  assert {
    condition     = jsondecode(aws_ssm_parameter.unit["unit-1"].insecure_value).taskRoleArn == "arn:aws:iam::111122223333:role/pardot-etl-test-unit-unit-1"
    error_message = "A unit runs with its own role."
  }

  assert {
    condition     = strcontains(aws_ssm_parameter.unit["unit-2"].insecure_value, "\"enabled\":false") && !strcontains(aws_ssm_parameter.unit["unit-1"].insecure_value, "\"enabled\":false")
    error_message = "A deployment finds the units that are switched off by this text."
  }

  assert {
    condition     = aws_ssm_parameter.unit["unit-1"].name == "/pardot-etl-test/units/unit-1"
    error_message = "run-task.sh --unit looks there."
  }

  assert {
    condition = alltrue([
      for one in jsondecode(aws_ssm_parameter.unit["unit-2"].insecure_value).environment :
      one.name != "PARDOT_PRIVATE_KEY" || one.value == "aws-secretsmanager:pardot-etl-test/unit-2/salesforce#private_key"
    ])
    error_message = "A unit with its own app has its own secret."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.task["unit-1"].policy).Statement : alltrue([
        for resource in statement.Resource : !startswith(resource, "arn:aws:s3:::") || statement.Sid == "ListItsPrefix" || startswith(resource, "arn:aws:s3:::pardot-etl-test-111122223333/pardot/unit-1/")
      ])
    ])
    error_message = "A unit's role must not reach another unit's folder."
  }

  assert {
    condition = !contains(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["unit-1"].policy).Statement : statement.Resource
    ]), "arn:aws:secretsmanager:eu-central-1:111122223333:secret:pardot-etl-test/unit-2/salesforce-d4e5f6")
    error_message = "A unit's role must not read another unit's secret."
  }

  assert {
    condition = contains(flatten([
      for statement in jsondecode(aws_iam_role_policy.task["unit-2"].policy).Statement : statement.Resource
    ]), "arn:aws:secretsmanager:eu-central-1:111122223333:secret:pardot-etl-test/unit-2/salesforce-d4e5f6")
    error_message = "A unit's role must be able to read its own secret."
  }
}

run "schedule" {
  assert {
    condition     = length(jsondecode(aws_scheduler_schedule.daily.target[0].input).units) == 39 && !contains(jsondecode(aws_scheduler_schedule.daily.target[0].input).units[*].name, "unit-2")
    error_message = "The schedule starts the enabled units."
  }

  assert {
    condition = [
      for unit in jsondecode(aws_scheduler_schedule.daily.target[0].input).units : [for one in unit.environment : one.Value if one.Name == "PARDOT_BUSINESS_UNIT_ID"]
      if unit.name == "unit-1"
    ] == [["0Uv000000000001AAA"]]
    error_message = "Step Functions wants Name and Value with capitals."
  }

  assert {
    condition     = alltrue([for unit in jsondecode(aws_scheduler_schedule.daily.target[0].input).units : length(jsonencode(unit.environment)) < 8192])
    error_message = "ECS takes overrides of at most 8,192 characters."
  }

  assert {
    condition     = jsondecode(aws_sfn_state_machine.this.definition).States["Run the units"].MaxConcurrency == 8
    error_message = "Not all units may start at once: young accounts have few vCPUs."
  }
}

run "alarms" {
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.no_success) == 39 && aws_cloudwatch_metric_alarm.no_success["unit-1"].dimensions == tomap({ BusinessUnit = "0Uv000000000001AAA" })
    error_message = "Each enabled unit needs its own alarm: the success of one hides the silence of another."
  }

  assert {
    condition     = length(distinct(values(aws_cloudwatch_metric_alarm.no_success)[*].alarm_name)) == 39
    error_message = "Each alarm needs its own name."
  }
}

run "two_units_in_one_schema" {
  command         = plan
  expect_failures = [var.units]

  variables {
    units = {
      emea = { business_unit_id = "0Uv000000000001AAA", schema = "PARDOT" }
      apac = { business_unit_id = "0Uv000000000002AAA", schema = "PARDOT" }
    }
  }
}

run "one_account_twice" {
  command         = plan
  expect_failures = [var.units]

  variables {
    units = {
      emea = { business_unit_id = "0Uv000000000001AAA" }
      apac = { business_unit_id = "0Uv000000000001AAA" }
    }
  }
}

run "units_and_a_single_one" {
  command         = plan
  expect_failures = [var.business_unit_id]

  variables {
    business_unit_id = "0Uv000000000009AAA"
  }
}

run "a_unit_without_a_zone" {
  command         = plan
  expect_failures = [var.timezone]

  variables {
    timezone = null
  }
}
