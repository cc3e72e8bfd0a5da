output "deploy_env" {
  description = "What the deploy scripts need to know; `terraform output -raw deploy_env` writes it as it has to stand in their file."
  value       = module.pardot_etl.deploy_env
}

output "secret_names" {
  description = "Entries of Secrets Manager to put a value into, and which."
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
