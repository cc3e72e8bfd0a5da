output "deploy_env" {
  description = "Environment file of the deploy scripts: `terraform output -raw deploy_env` prints it."
  value       = module.pardot_etl.deploy_env
}

output "secret_names" {
  description = "Secrets in Secrets Manager that need a value, and which value."
  value       = module.pardot_etl.secret_names
}

output "destination" {
  description = "Where files land."
  value       = module.pardot_etl.destination
}

output "snowflake_role_arn" {
  description = "STORAGE_AWS_ROLE_ARN of the storage integration; null without snowpipe."
  value       = module.pardot_etl.snowflake_role_arn
}
