output "deploy_env" {
  description = "Environment file of the deploy scripts: `terraform output -raw deploy_env` prints it."
  value       = module.pardot_etl.deploy_env
}

output "secret_names" {
  description = "Secrets in Secrets Manager that need a value, and which value."
  value       = module.pardot_etl.secret_names
}

output "destinations" {
  description = "Where the files of each unit land."
  value       = module.pardot_etl.destinations
}

output "state_machine_arn" {
  description = "State machine that runs all units, as the schedule does."
  value       = module.pardot_etl.state_machine_arn
}

output "fleet_input" {
  description = "Input of the state machine: every enabled unit, as JSON."
  value       = module.pardot_etl.fleet_input
}

output "deploy_role_arn" {
  description = "Role for a workflow that deploys; null without deploy_role."
  value       = module.pardot_etl.deploy_role_arn
}

output "existing_bucket_needs" {
  description = "What to add to existing_bucket, as JSON; null for a new bucket."
  value       = module.pardot_etl.existing_bucket_needs
}

output "key_policy_statements" {
  description = "What to add to the policy of kms_key_arn before the first apply, as JSON; null without a key."
  value       = module.pardot_etl.key_policy_statements
}

output "snowflake_role_arn" {
  description = "STORAGE_AWS_ROLE_ARN of the storage integration; null without snowpipe."
  value       = module.pardot_etl.snowflake_role_arn
}
