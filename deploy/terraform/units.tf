# Business units. One is a fleet of one: the same state machine starts it, with nothing to override.

locals {
  is_fleet = length(var.units) > 0

  given_units = local.is_fleet ? var.units : tomap({
    (var.environment) = {
      business_unit_id  = var.business_unit_id
      timezone          = var.timezone
      client_id         = null
      username          = null
      login_url         = null
      schema            = null
      objects           = null
      daily_call_budget = null
      settings          = {}
      enabled           = true
    }
  })

  # With the common value where a unit has none. Each has its own folder and schema.
  units = {
    for name, unit in local.given_units : name => merge(unit, {
      timezone          = try(coalesce(unit.timezone, var.timezone), null)
      client_id         = try(coalesce(unit.client_id, var.client_id), null)
      username          = try(coalesce(unit.username, var.username), null)
      login_url         = coalesce(unit.login_url, var.login_url)
      objects           = coalesce(unit.objects, var.objects)
      daily_call_budget = try(coalesce(unit.daily_call_budget, var.daily_call_budget), null)
      prefix            = local.is_fleet ? "${var.prefix}/${name}" : var.prefix
      role              = local.is_fleet ? "${local.name}-unit-${name}" : "${local.name}-task"
      schema = (
        var.snowflake == null ? null
        : local.is_fleet ? coalesce(unit.schema, "${var.snowflake.schema}_${upper(replace(name, "-", "_"))}")
        : var.snowflake.schema
      )
      # A unit with an app of its own has its own key; a refresh token belongs to one unit in any case, because each use
      # may end the one before.
      app_secret   = unit.client_id == null ? "salesforce" : "${name}/salesforce"
      token_secret = local.is_fleet ? "${name}/refresh-token" : "refresh-token"
    })
  }

  # What differs from unit to unit.
  unit_environment = {
    for name, unit in local.units : name => merge(
      {
        PARDOT_BUSINESS_UNIT_ID = unit.business_unit_id
        PARDOT_CLIENT_ID        = unit.client_id
        PARDOT_ETL_DESTINATION  = "s3://${local.bucket_name}/${unit.prefix}"
        PARDOT_ETL_OBJECTS      = unit.objects
        PARDOT_LOGIN_URL        = unit.login_url
        PARDOT_TIMEZONE         = unit.timezone
      },
      var.auth_flow == "jwt" ? { PARDOT_USERNAME = unit.username } : {},
      unit.daily_call_budget == null ? {} : { PARDOT_DAILY_CALL_BUDGET = tostring(unit.daily_call_budget) },
      var.snowflake == null ? {} : { SNOWFLAKE_SCHEMA = unit.schema },
      unit.settings,
      { for variable, reference in local.unit_secret_references[name] : variable => reference },
    )
  }

  # As `aws ecs run-task --overrides` has it, and as Step Functions has it: the same list with other capitals.
  unit_overrides = {
    for name, environment in local.unit_environment : name => local.is_fleet ? [for variable in sort(keys(environment)) : { name = variable, value = environment[variable] }] : []
  }

  fleet_input = {
    units = [
      for name, unit in local.units : {
        name        = name
        taskRoleArn = aws_iam_role.task[name].arn
        environment = [for one in local.unit_overrides[name] : { Name = one.name, Value = one.value }]
      } if unit.enabled
    ]
  }
}

# For deploy/run-task.sh --unit: one parameter per unit, none for a single unit.
resource "aws_ssm_parameter" "unit" {
  for_each = local.is_fleet ? local.units : {}

  name        = "/${local.name}/units/${each.key}"
  description = "What a run of this unit overrides; written by Terraform, read by deploy/run-task.sh."
  type        = "String"
  # Beyond 4 KB AWS makes it an advanced parameter.
  tier = "Intelligent-Tiering"
  # A deployment checks the first enabled unit.
  insecure_value = jsonencode({ enabled = each.value.enabled, environment = local.unit_overrides[each.key], taskRoleArn = aws_iam_role.task[each.key].arn })
  tags           = merge(var.tags, { unit = each.key })
}
