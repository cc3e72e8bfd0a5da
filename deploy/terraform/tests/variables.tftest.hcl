# Values that are refused before anything is created.

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

run "a_name_that_no_bucket_can_have" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = "Prod_1"
  }
}

run "no_subnet" {
  command         = plan
  expect_failures = [var.network]

  variables {
    network = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = [] }
  }
}

run "a_business_unit_of_15_characters" {
  command         = plan
  expect_failures = [var.business_unit_id]

  variables {
    business_unit_id = "0Uv000000000001"
  }
}

run "a_flow_that_is_ending" {
  command         = plan
  expect_failures = [var.auth_flow]

  variables {
    auth_flow = "password"
  }
}

run "jwt_without_user" {
  command         = plan
  expect_failures = [var.username]

  variables {
    username = null
  }
}

run "plain_http" {
  command         = plan
  expect_failures = [var.login_url, var.api_url]

  variables {
    login_url = "http://login.salesforce.com"
    api_url   = "http://pi.pardot.com"
  }
}

run "a_secret_among_the_settings" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = { PARDOT_CLIENT_SECRET = "it would stand in the state" }
  }
}

run "a_key_of_aws_among_the_settings" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = { AWS_SECRET_ACCESS_KEY = "it would stand in the state" }
  }
}

run "a_password_in_the_address_of_a_proxy" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = { HTTPS_PROXY = "http://etl:it-would-stand-in-the-state@proxy.acme.example:3128" }
  }
}

run "a_reference_to_a_secret_and_the_path_of_one" {
  command = plan

  variables {
    settings = {
      PARDOT_ETL_HASH_KEY = "aws-secretsmanager:shared/pardot#hash"
      PARDOT_TOKEN_FILE   = "/var/pardot-etl/token.json"
    }
  }
}

run "a_grace_of_a_unit_longer_than_the_stop_timeout" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    business_unit_id = null
    units            = { emea = { business_unit_id = "0Uv000000000001AAA", settings = { PARDOT_ETL_STOP_GRACE = "56s" } } }
  }
}

run "a_grace_longer_than_the_stop_timeout" {
  command         = plan
  expect_failures = [var.settings]

  variables {
    settings = { PARDOT_ETL_STOP_GRACE = "56s" }
  }
}

run "a_name_that_ecr_refuses" {
  command         = plan
  expect_failures = [var.environment]

  variables {
    environment = "prod-"
  }
}

run "an_alarm_that_looks_back_too_far" {
  command         = plan
  expect_failures = [var.success_within_hours]

  variables {
    success_within_hours = 169
  }
}

run "a_prefix_with_slashes_at_its_ends" {
  command         = plan
  expect_failures = [var.prefix]

  variables {
    prefix = "/pardot/"
  }
}

run "files_that_end_before_they_are_loaded" {
  command         = plan
  expect_failures = [var.landed_files_days]

  variables {
    landed_files_days = 1
  }
}

run "no_such_processor" {
  command         = plan
  expect_failures = [var.cpu_architecture]

  variables {
    cpu_architecture = "arm"
  }
}

run "more_disk_than_there_is" {
  command         = plan
  expect_failures = [var.ephemeral_storage_gib]

  variables {
    ephemeral_storage_gib = 500
  }
}

run "killed_within_the_grace" {
  command         = plan
  expect_failures = [var.stop_timeout_seconds]

  variables {
    stop_timeout_seconds = 25
  }
}

run "an_alarm_that_never_rings" {
  command         = plan
  expect_failures = [var.quota_alarm_share]

  variables {
    quota_alarm_share = 1.5
  }
}

run "half_of_an_integration" {
  command         = plan
  expect_failures = [var.snowpipe]

  variables {
    snowpipe = { user_arn = "arn:aws:iam::444455556666:user/abc1-b-self1234" }
  }
}
