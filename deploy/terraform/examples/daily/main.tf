# A root module to copy: one business unit, once a day, in the account's default network. Set the values in
# terraform.tfvars (see terraform.tfvars.example). docs/deploy-aws.md has the steps.

terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }

  # Terraform's own state. It contains no secrets. To share it, keep it in a bucket (create that first):
  #
  # backend "s3" {
  #   bucket       = "acme-terraform"
  #   key          = "pardot-etl-prod"
  #   region       = "eu-central-1"
  #   use_lockfile = true
  # }
}

provider "aws" {
  region = var.region

  # Stops before any change if the credentials belong to another account.
  allowed_account_ids = [var.account_id]

  default_tags {
    tags = { application = "pardot-etl", environment = var.environment }
  }
}

data "aws_vpc" "default" {
  default = true
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }

  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

module "pardot_etl" {
  # In a root outside of this repository: "git::https://…/pardot-etl.git//deploy/terraform?ref=<revision>".
  source = "../.."

  environment = var.environment

  vpc_id     = data.aws_vpc.default.id
  subnet_ids = data.aws_subnets.default.ids

  business_unit_id  = var.business_unit_id
  auth_flow         = var.auth_flow
  client_id         = var.client_id
  username          = var.username
  login_url         = var.login_url
  timezone          = var.timezone
  daily_call_budget = var.daily_call_budget
  snowflake         = var.snowflake
  snowpipe          = var.snowpipe

  schedule_expression = var.schedule_expression
  schedule_enabled    = var.schedule_enabled

  alarm_emails = var.alarm_emails
}
