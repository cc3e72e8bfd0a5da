# With Snowflake: as the warehouse that tells where to begin, and Snowpipe behind the bucket.

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

run "warehouse" {
  variables {
    snowflake = {
      account       = "acme-prod"
      user          = "PARDOT_ETL"
      role          = "PARDOT_ETL"
      warehouse     = "LOADING"
      database      = "LAKE"
      schema        = "PARDOT"
      encrypted_key = true
    }
  }

  assert {
    condition     = keys(aws_secretsmanager_secret.this) == ["salesforce", "snowflake"]
    error_message = "Snowflake's key needs an entry."
  }

  assert {
    condition = contains(
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment,
      { name = "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", value = "aws-secretsmanager:pardot-etl-test/snowflake#passphrase" },
    )
    error_message = "The passphrase must be given as a reference."
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_egress_rule.this)) == toset(["443", "80"])
    error_message = "Snowflake's driver reads lists of revoked certificates on port 80."
  }
}

run "no_snowpipe" {
  assert {
    condition     = length(aws_iam_role.snowflake) == 0 && length(aws_s3_bucket_notification.snowpipe) == 0
    error_message = "Nothing is created for Snowpipe unless it is configured."
  }

  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.this) == ["443"]
    error_message = "Without Snowflake, only HTTPS may go out."
  }
}

run "snowpipe_begins" {
  variables {
    snowpipe = {}
  }

  assert {
    condition     = jsondecode(aws_iam_role.snowflake[0].assume_role_policy).Statement[0].Principal.AWS == "arn:aws:iam::111122223333:root"
    error_message = "Before Snowflake's user is known, no one else may assume the role."
  }

  assert {
    condition     = length(aws_s3_bucket_notification.snowpipe) == 0
    error_message = "Before the queue is known, the bucket must send no events."
  }
}

run "snowpipe" {
  variables {
    snowpipe = {
      user_arn    = "arn:aws:iam::444455556666:user/abc1-b-self1234"
      external_id = "ACME_SFCRole=2_abc="
      queue_arn   = "arn:aws:sqs:eu-central-1:444455556666:sf-snowpipe-AIDA-abc"
    }
  }

  assert {
    condition     = jsondecode(aws_iam_role.snowflake[0].assume_role_policy).Statement[0].Condition.StringEquals["sts:ExternalId"] == "ACME_SFCRole=2_abc="
    error_message = "The role must require the external id."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.snowflake[0].policy).Statement : statement.Effect == "Deny" || alltrue([
        for resource in statement.Resource :
        !endswith(resource, "/pardot/*") && (!strcontains(resource, "_pardot_etl") || endswith(resource, "/pardot/_pardot_etl/runs/*"))
      ])
    ])
    error_message = "Snowflake must not read the tool's state."
  }

  assert {
    condition = contains(
      flatten([
        for statement in jsondecode(aws_iam_role_policy.snowflake[0].policy).Statement : statement.Resource
        if contains(statement.Action, "s3:GetObject")
      ]),
      "arn:aws:s3:::pardot-etl-test-111122223333/pardot/_pardot_etl/runs/*",
    )
    error_message = "Snowflake must be able to read the manifests."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.snowflake[0].policy).Statement : statement.Resource
      if statement.Effect == "Deny"
      ])) == toset([
      for folder in ["accepted", "check", "rejects", "state"] : "arn:aws:s3:::pardot-etl-test-111122223333/pardot/_pardot_etl/${folder}/*"
    ])
    error_message = "Snowflake must be denied the tool's state and the records that were set aside."
  }

  assert {
    condition     = alltrue([for queue in aws_s3_bucket_notification.snowpipe[0].queue : queue.filter_prefix == "pardot/"])
    error_message = "The bucket must send events below the prefix only."
  }

  assert {
    condition = alltrue([
      for suffix in aws_s3_bucket_notification.snowpipe[0].queue[*].filter_suffix : alltrue([
        for other in aws_s3_bucket_notification.snowpipe[0].queue[*].filter_suffix : other == suffix || !endswith(other, suffix)
      ])
    ])
    error_message = "S3 refuses two rules of which one covers the other."
  }

  assert {
    condition     = contains(aws_s3_bucket_notification.snowpipe[0].queue[*].filter_suffix, "/manifest.json")
    error_message = "The bucket must send events for new manifests."
  }
}
