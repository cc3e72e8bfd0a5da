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

  # First letters of the catalog's objects, which name the folders of landed files (a test compares them). By letter, not by
  # folder, because a bucket has at most 1,000 lifecycle rules.
  initials = ["A", "B", "C", "D", "E", "F", "I", "L", "O", "P", "T", "U", "V"]

  # Prefixes of landed files; the tool's own folder, _pardot_etl/, has none of them.
  landed = { for initial in local.initials : "landed-${initial}" => "${var.prefix}/${initial}" }

  # Folders in which pardot-etl removes files itself.
  removed_bookkeeping = {
    removed-leases = { prefix = "${var.prefix}/_pardot_etl/state/lease/", days = 1 }
    removed-state  = { prefix = "${var.prefix}/_pardot_etl/", days = 30 }
  }
}
