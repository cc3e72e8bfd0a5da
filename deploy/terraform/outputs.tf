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
  value       = local.repository_url
}

output "image_tag_parameter" {
  description = "Parameter with the tag of the deployed image; the deploy script writes it."
  value       = aws_ssm_parameter.image_tag.name
}

output "cluster_name" {
  description = "Cluster in which the task runs."
  value       = local.cluster_name
}

output "task_family" {
  description = "Family of the task definition; without a revision number it means the latest one."
  value       = aws_ecs_task_definition.this.family
}

output "state_machine_arn" {
  description = "State machine that runs all units, as the schedule does."
  value       = aws_sfn_state_machine.this.arn
}

output "fleet_input" {
  description = "Input of the state machine: every enabled unit, as JSON."
  value       = jsonencode(local.fleet_input)
}

output "subnet_ids" {
  description = "Subnets in which the task may start."
  value       = local.network.subnet_ids
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
  value       = local.bucket_name
}

output "destinations" {
  description = "Destination of each unit, as in PARDOT_ETL_DESTINATION."
  value       = { for name, unit in local.units : name => "s3://${local.bucket_name}/${unit.prefix}" }
}

output "topic_arn" {
  description = "Topic for notifications of runs and alarms."
  value       = local.topic_arn
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

output "deploy_role_arn" {
  description = "Role for a workflow that deploys; null without deploy_role."
  value       = one(aws_iam_role.deploy[*].arn)
}

output "existing_bucket_needs" {
  description = "What to add to existing_bucket, by hand or where its Terraform is: lifecycle rules, policy statements and, with snowpipe.queue_arn, notifications; as the AWS CLI takes them. Null for a new bucket."
  value = var.existing_bucket == null ? null : jsonencode({
    lifecycle_rules = [
      for rule in local.lifecycle_rules : merge(
        { ID = rule.id, Status = "Enabled", Filter = { Prefix = rule.prefix } },
        rule.abort == null ? {} : { AbortIncompleteMultipartUpload = { DaysAfterInitiation = rule.abort } },
        rule.expire == null ? {} : { Expiration = { Days = rule.expire } },
        rule.expire != null || rule.old == null ? {} : { Expiration = { ExpiredObjectDeleteMarker = true } },
        rule.old == null ? {} : { NoncurrentVersionExpiration = { NoncurrentDays = rule.old } },
      )
    ]
    policy_statements = concat(local.bucket_statements, local.protect_deletes)
    queue_notifications = [
      for suffix in try(var.snowpipe.queue_arn, null) == null ? toset([]) : local.landed_suffixes : {
        Id       = "pardot-etl-${trim(replace(suffix, "/[^a-z]/", "-"), "-")}"
        QueueArn = var.snowpipe.queue_arn
        Events   = ["s3:ObjectCreated:*"]
        Filter   = { Key = { FilterRules = [{ Name = "prefix", Value = "${var.prefix}/" }, { Name = "suffix", Value = suffix }] } }
      }
    ]
  })
}

output "topic_policy_statements" {
  description = "What to add to the policy of topic_arn, as JSON; null for a new topic."
  value       = var.topic_arn == null ? null : jsonencode(local.topic_statements)
}

output "key_policy_statements" {
  description = "What to add to the policy of kms_key_arn before the first apply, as JSON; null without a key."
  value       = var.kms_key_arn == null ? null : jsonencode(local.key_policy_statements)
}

output "deploy_env" {
  description = "Environment file of the deploy scripts: write it to deploy/<environment>.env."
  value       = <<-EOT
    AWS_ACCOUNT_ID=${local.account_id}
    AWS_REGION=${local.region}
    ECR_REPOSITORY=${local.repository_parts.name}
    IMAGE_TAG_PARAMETER=${aws_ssm_parameter.image_tag.name}
    PLATFORM=${var.cpu_architecture == "ARM64" ? "linux/arm64" : "linux/amd64"}
    ECS_CLUSTER=${local.cluster_name}
    TASK_FAMILY=${aws_ecs_task_definition.this.family}
    LOG_GROUP=${aws_cloudwatch_log_group.this.name}
    SUBNET_IDS=${join(",", local.network.subnet_ids)}
    SECURITY_GROUP_IDS=${aws_security_group.this.id}
    ASSIGN_PUBLIC_IP=${local.network.assign_public_ip ? "ENABLED" : "DISABLED"}
  EOT
}
