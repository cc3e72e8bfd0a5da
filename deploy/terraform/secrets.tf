# Secrets without values: Terraform would store a value in its state. docs/deploy-aws.md has the command that stores
# each one. Each value is a JSON object; the task's environment names the secret and the key in it.

locals {
  app_secret_content = var.auth_flow == "jwt" ? "private_key of the External Client App" : "client_secret of the External Client App"

  secrets = merge(
    { for unit in values(local.units) : unit.app_secret => local.app_secret_content... },
    { for unit in values(local.units) : unit.token_secret => "refresh_token of the API user; the task writes a rotated one back"... if var.auth_flow == "refresh_token" },
    var.snowflake == null ? {} : { snowflake = ["private_key of the Snowflake user, and its passphrase if it has one"] },
    var.webhook ? { webhook = ["url of the webhook"] } : {},
    var.hash_key ? { hash = ["key of the hashes of columns: openssl rand -hex 32; another key gives other hashes"] } : {},
  )

  # The program resolves these at start; neither ECS nor the task definition ever contains a value. First those that all
  # units share, then those of a unit.
  secret_references = {
    for variable, place in merge(
      var.snowflake == null ? {} : { SNOWFLAKE_PRIVATE_KEY = "snowflake#private_key" },
      try(var.snowflake.encrypted_key, false) ? { SNOWFLAKE_PRIVATE_KEY_PASSPHRASE = "snowflake#passphrase" } : {},
      var.webhook ? { PARDOT_ETL_WEBHOOK_URL = "webhook#url" } : {},
      var.hash_key ? { PARDOT_ETL_HASH_KEY = "hash#key" } : {},
    ) : variable => "aws-secretsmanager:${local.name}/${place}"
  }

  unit_secret_references = {
    for name, unit in local.units : name => {
      for variable, place in merge(
        var.auth_flow == "jwt" ? { PARDOT_PRIVATE_KEY = "${unit.app_secret}#private_key" } : { PARDOT_CLIENT_SECRET = "${unit.app_secret}#client_secret" },
        var.auth_flow == "refresh_token" ? { PARDOT_REFRESH_TOKEN = "${unit.token_secret}#refresh_token" } : {},
      ) : variable => "aws-secretsmanager:${local.name}/${place}"
    }
  }

  # Secrets that each unit may read: its own, and the shared ones.
  unit_secrets = {
    for name, unit in local.units : name => sort(concat(
      [unit.app_secret],
      var.auth_flow == "refresh_token" ? [unit.token_secret] : [],
      [for key in ["hash", "snowflake", "webhook"] : key if contains(keys(local.secrets), key)],
    ))
  }

  # Secrets outside of this module that settings refer to, by name or ARN. Secrets Manager adds six characters to a name.
  referred_secrets = {
    for name, unit in local.units : name => distinct([
      for place in [
        for value in values(merge(var.settings, unit.settings)) : split("#", trimprefix(value, "aws-secretsmanager:"))[0]
        if startswith(value, "aws-secretsmanager:")
      ] : startswith(place, "arn:") ? place : "${local.arn.secretsmanager}:secret:${place}-??????"
    ])
  }
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.secrets

  name        = "${local.name}/${each.key}"
  description = each.value[0]
  kms_key_id  = var.kms_key_arn
  tags        = var.tags
}
