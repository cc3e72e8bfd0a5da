# Secrets without values: Terraform would store a value in its state. docs/deploy-aws.md has the command that stores
# each one. Each value is a JSON object; the task's environment names the secret and the key in it.

locals {
  secrets = merge(
    { salesforce = var.auth_flow == "jwt" ? "private_key of the External Client App" : "client_secret of the External Client App" },
    var.auth_flow == "refresh_token" ? { refresh-token = "refresh_token of the API user; the task writes a rotated one back" } : {},
    var.snowflake == null ? {} : { snowflake = "private_key of the Snowflake user, and its passphrase if it has one" },
    var.webhook ? { webhook = "url of the webhook" } : {},
  )

  # The program resolves these at start; neither ECS nor the task definition ever contains a value.
  secret_references = {
    for variable, place in merge(
      var.auth_flow == "jwt" ? { PARDOT_PRIVATE_KEY = "salesforce#private_key" } : { PARDOT_CLIENT_SECRET = "salesforce#client_secret" },
      var.auth_flow == "refresh_token" ? { PARDOT_REFRESH_TOKEN = "refresh-token#refresh_token" } : {},
      var.snowflake == null ? {} : { SNOWFLAKE_PRIVATE_KEY = "snowflake#private_key" },
      try(var.snowflake.encrypted_key, false) ? { SNOWFLAKE_PRIVATE_KEY_PASSPHRASE = "snowflake#passphrase" } : {},
      var.webhook ? { PARDOT_ETL_WEBHOOK_URL = "webhook#url" } : {},
    ) : variable => "aws-secretsmanager:${local.name}/${place}"
  }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.secrets

  name        = "${local.name}/${each.key}"
  description = each.value
  tags        = var.tags
}
