# What the policy of a customer-managed key must allow to AWS services. Known before the first apply, because AWS refuses a
# log group with a key that it may not use. The roles of this module get their permissions by their own policies, which
# holds while the key's policy has AWS's usual statement for the account.

locals {
  key_policy_statements = [
    {
      Sid       = "PardotEtlLogs"
      Effect    = "Allow"
      Principal = { Service = "logs.${local.region}.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      Resource  = ["*"]
      Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "${local.arn.logs}:log-group:/ecs/${local.name}" } }
    },
    {
      Sid       = "PardotEtlAlarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = ["*"]
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    },
    {
      # Without a condition: SNS does not support aws:SourceAccount and aws:SourceArn for EventBridge here (SNS developer
      # guide, "Key management").
      Sid       = "PardotEtlEvents"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = ["*"]
    },
    {
      Sid       = "PardotEtlFargateKeys"
      Effect    = "Allow"
      Principal = { Service = "fargate.amazonaws.com" }
      Action    = ["kms:GenerateDataKeyWithoutPlaintext"]
      Resource  = ["*"]
      Condition = { StringEquals = { "kms:EncryptionContext:aws:ecs:clusterAccount" = [local.account_id], "kms:EncryptionContext:aws:ecs:clusterName" = [local.cluster_name] } }
    },
    {
      Sid       = "PardotEtlFargateGrants"
      Effect    = "Allow"
      Principal = { Service = "fargate.amazonaws.com" }
      Action    = ["kms:CreateGrant"]
      Resource  = ["*"]
      Condition = {
        StringEquals                = { "kms:EncryptionContext:aws:ecs:clusterAccount" = [local.account_id], "kms:EncryptionContext:aws:ecs:clusterName" = [local.cluster_name] }
        "ForAllValues:StringEquals" = { "kms:GrantOperations" = ["Decrypt"] }
      }
    },
  ]
}
