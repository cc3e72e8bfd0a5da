output "account_id" {
  description = "AWS account of all resources."
  value       = local.account_id
}

output "region" {
  description = "AWS region of all resources."
  value       = local.region
}

output "repository_url" {
  description = "Repository of the image."
  value       = aws_ecr_repository.this.repository_url
}

output "image_tag_parameter" {
  description = "Parameter with the tag of the deployed image; the deploy script writes it."
  value       = aws_ssm_parameter.image_tag.name
}

output "cluster_name" {
  description = "Cluster in which the task runs."
  value       = aws_ecs_cluster.this.name
}

output "task_family" {
  description = "Family of the task definition; without a revision number it means the latest one."
  value       = aws_ecs_task_definition.this.family
}

output "subnet_ids" {
  description = "Subnets in which the task may start."
  value       = var.subnet_ids
}

output "security_group_id" {
  description = "Security group of the task."
  value       = aws_security_group.this.id
}

output "log_group_name" {
  description = "Log group of the task."
  value       = aws_cloudwatch_log_group.this.name
}

output "bucket" {
  description = "Bucket in which files land."
  value       = aws_s3_bucket.this.bucket
}

output "destination" {
  description = "Destination, as in PARDOT_ETL_DESTINATION."
  value       = local.destination
}

output "topic_arn" {
  description = "Topic for notifications of runs and alarms."
  value       = aws_sns_topic.this.arn
}

output "secret_names" {
  description = "Secrets in Secrets Manager that need a value, and their content."
  value       = { for key, secret in aws_secretsmanager_secret.this : secret.name => secret.description }
}

output "not_started_queue_url" {
  description = "Queue with the starts that the schedule could not make."
  value       = aws_sqs_queue.not_started.url
}

output "snowflake_role_arn" {
  description = "Role for Snowflake's storage integration (STORAGE_AWS_ROLE_ARN); null without snowpipe."
  value       = one(aws_iam_role.snowflake[*].arn)
}

output "deploy_env" {
  description = "Environment file of the deploy scripts: write it to deploy/<environment>.env."
  value       = <<-EOT
    AWS_ACCOUNT_ID=${local.account_id}
    AWS_REGION=${local.region}
    ECR_REPOSITORY=${aws_ecr_repository.this.name}
    IMAGE_TAG_PARAMETER=${aws_ssm_parameter.image_tag.name}
    PLATFORM=${var.cpu_architecture == "ARM64" ? "linux/arm64" : "linux/amd64"}
    ECS_CLUSTER=${aws_ecs_cluster.this.name}
    TASK_FAMILY=${aws_ecs_task_definition.this.family}
    LOG_GROUP=${aws_cloudwatch_log_group.this.name}
    SUBNET_IDS=${join(",", var.subnet_ids)}
    SECURITY_GROUP_IDS=${aws_security_group.this.id}
    ASSIGN_PUBLIC_IP=${var.assign_public_ip ? "ENABLED" : "DISABLED"}
  EOT
}
