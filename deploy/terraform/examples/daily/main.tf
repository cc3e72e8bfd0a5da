# A root module to copy: one business unit or many, once a day. Set the values in terraform.tfvars (see
# terraform.tfvars.example); add other variables of the module as you need them. docs/deploy-aws.md has the steps.

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

module "pardot_etl" {
  # In a root outside of this repository: "git::https://…/pardot-etl.git//deploy/terraform?ref=<revision>".
  source = "../.."

  environment = var.environment

  network = var.network

  business_unit_id  = var.business_unit_id
  units             = var.units
  auth_flow         = var.auth_flow
  client_id         = var.client_id
  username          = var.username
  login_url         = var.login_url
  timezone          = var.timezone
  daily_call_budget = var.daily_call_budget
  snowflake         = var.snowflake
  snowpipe          = var.snowpipe
  configuration     = var.configuration
  hash_key          = var.hash_key

  existing_bucket = var.existing_bucket
  kms_key_arn     = var.kms_key_arn
  deploy_role     = var.deploy_role

  schedule_expression = var.schedule_expression
  schedule_enabled    = var.schedule_enabled

  alarm_emails = var.alarm_emails
  notify       = var.notify
}
