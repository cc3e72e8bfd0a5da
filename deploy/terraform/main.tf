# One environment of the daily job: everything in AWS that pardot-etl needs, and nothing that it shares.
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

  bucket_name = coalesce(var.bucket_name, "${local.name}-${local.account_id}")
  destination = "s3://${local.bucket_name}/${var.prefix}"

  # The folders that hold landed files. They never include the tool's own folder, _pardot_etl/.
  folders = { for folder in var.object_folders : folder => "${var.prefix}/${folder}/" }
}
