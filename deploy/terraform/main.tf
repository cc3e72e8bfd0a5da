# One environment of the daily job: everything in AWS that pardot-etl needs, for one business unit or for many.
# docs/deploy-aws.md walks through it; examples/daily is a root module to copy.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # The deploy scripts derive the same names from the environment.
  name = "pardot-etl-${var.environment}"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.region

  # Begins the ARN of a service's resources here.
  arn = { for service in ["ecs", "ecr", "logs", "secretsmanager", "sns", "ssm", "states", "events"] : service => "arn:${local.partition}:${service}:${local.region}:${local.account_id}" }

  # What exists is used; what is null is created.
  cluster_arn  = coalesce(var.cluster_arn, one(aws_ecs_cluster.this[*].arn))
  cluster_name = var.cluster_arn == null ? local.name : reverse(split("/", var.cluster_arn))[0]
  topic_arn    = coalesce(var.topic_arn, one(aws_sns_topic.this[*].arn))

  # Name, account and region are in the address: <account>.dkr.ecr.<region>.amazonaws.com/<name>
  repository_url   = coalesce(var.repository_url, one(aws_ecr_repository.this[*].repository_url))
  repository_parts = regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.[a-z0-9.]+/(?P<name>.+)$", local.repository_url)
  repository_arn   = "arn:${local.partition}:ecr:${local.repository_parts.region}:${local.repository_parts.account}:repository/${local.repository_parts.name}"
}
