# The default VPC, an account without one, and private subnets behind a proxy.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  environment      = "test"
  business_unit_id = "0Uv000000000001AAA"
  client_id        = "3MVG9abc"
  username         = "pardot-etl@acme.example"
  timezone         = "UTC"
}

run "default_vpc" {
  override_data {
    target = data.aws_subnets.default[0]
    values = {
      ids = ["subnet-default0", "subnet-default1"]
    }
  }

  assert {
    condition = jsondecode(aws_sfn_state_machine.this.definition).States["Run the units"].ItemProcessor.States.Run.Arguments.NetworkConfiguration.AwsvpcConfiguration == {
      AssignPublicIp = "ENABLED"
      SecurityGroups = ["sg-0123456789abcdef0"]
      Subnets        = ["subnet-default0", "subnet-default1"]
    }
    error_message = "Without a network, the task must start in the default subnets with a public address."
  }

  assert {
    condition     = contains(data.aws_availability_zones.fargate[0].exclude_zone_ids, "usw1-az2")
    error_message = "Subnets in zones without Fargate must be left out."
  }
}

run "no_default_vpc" {
  command         = plan
  expect_failures = [data.aws_vpcs.default]

  override_data {
    target = data.aws_vpcs.default[0]
    values = {
      ids = []
    }
  }
}

run "private" {
  variables {
    network = {
      vpc_id      = "vpc-0123456789abcdef0"
      subnet_ids  = ["subnet-private0"]
      https_proxy = "http://proxy.acme.internal:3128"
      no_proxy    = [".amazonaws.com"]
    }
    snowflake = { account = "acme-prod", user = "PARDOT_ETL", role = "PARDOT_ETL", warehouse = "LOADING", database = "LAKE", schema = "PARDOT" }
  }

  assert {
    condition     = strcontains(output.deploy_env, "\nASSIGN_PUBLIC_IP=DISABLED\n") && strcontains(output.deploy_env, "\nSUBNET_IDS=subnet-private0\n")
    error_message = "Private subnets get no public address."
  }

  assert {
    condition     = length(data.aws_vpcs.default) + length(data.aws_subnets.default) + length(data.aws_availability_zones.fargate) == 0
    error_message = "With a network, the default VPC must not be looked for."
  }

  assert {
    condition = alltrue([
      for pair in [["HTTPS_PROXY", "http://proxy.acme.internal:3128"], ["NO_PROXY", "169.254.170.2,169.254.169.254,localhost,.amazonaws.com"]] :
      contains(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment, { name = pair[0], value = pair[1] })
    ])
    error_message = "The program must use the proxy, but not for the task's own credentials."
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_egress_rule.this)) == toset(["443", "3128"])
    error_message = "The way to the proxy must be open."
  }
}

run "a_zone_without_fargate" {
  expect_failures = [check.zones]

  variables {
    network = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-in-usw1-az2"] }
  }

  override_data {
    target = data.aws_subnets.without_fargate
    values = {
      ids = ["subnet-in-usw1-az2"]
    }
  }
}

run "a_proxy_with_a_password" {
  command         = plan
  expect_failures = [var.network]

  variables {
    network = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-private0"], https_proxy = "http://etl:it-would-stand-in-the-state@proxy:3128" }
  }
}
