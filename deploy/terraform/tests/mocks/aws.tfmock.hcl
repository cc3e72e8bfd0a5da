# What AWS would answer. Names of resources (ARN) must look like some, because the provider checks them where it is there.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "111122223333"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition = "aws"
  }
}

mock_data "aws_region" {
  defaults = {
    region = "eu-central-1"
  }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = {
    arn = "arn:aws:events:eu-central-1:111122223333:rule/pardot-etl-test-died"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/ecs/pardot-etl-test"
  }
}

mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:eu-central-1:111122223333:repository/pardot-etl-test"
    repository_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/pardot-etl-test"
  }
}

mock_resource "aws_ecs_cluster" {
  defaults = {
    arn = "arn:aws:ecs:eu-central-1:111122223333:cluster/pardot-etl-test"
  }
}

mock_resource "aws_ecs_task_definition" {
  defaults = {
    arn                  = "arn:aws:ecs:eu-central-1:111122223333:task-definition/pardot-etl-test:7"
    arn_without_revision = "arn:aws:ecs:eu-central-1:111122223333:task-definition/pardot-etl-test"
    revision             = 7
  }
}

mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::111122223333:role/pardot-etl-test"
    id  = "pardot-etl-test"
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    arn = "arn:aws:s3:::pardot-etl-test-111122223333"
    id  = "pardot-etl-test-111122223333"
  }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = {
    arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:pardot-etl-test/salesforce-a1b2c3"
  }
}

mock_resource "aws_security_group" {
  defaults = {
    id = "sg-0123456789abcdef0"
  }
}

mock_resource "aws_sns_topic" {
  defaults = {
    arn = "arn:aws:sns:eu-central-1:111122223333:pardot-etl-test"
  }
}

mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:pardot-etl-test-not-started"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/pardot-etl-test-not-started"
  }
}

mock_resource "aws_sfn_state_machine" {
  defaults = {
    arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:pardot-etl-test"
  }
}

mock_data "aws_vpcs" {
  defaults = {
    ids = ["vpc-0123456789abcdef0"]
  }
}

mock_data "aws_subnets" {
  defaults = {
    ids = []
  }
}
