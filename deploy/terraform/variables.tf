# What is extracted, and where it lands. The settings of AWS are in variables-aws.tf.

variable "business_unit_id" {
  description = "PARDOT_BUSINESS_UNIT_ID: 18 characters that begin with 0Uv; null: units has them."
  type        = string
  default     = null

  validation {
    condition     = var.business_unit_id == null ? length(var.units) > 0 : can(regex("^0Uv[A-Za-z0-9]{15}$", var.business_unit_id)) && length(var.units) == 0
    error_message = "business_unit_id must be 18 letters and digits that begin with 0Uv (Setup > Business Unit Setup), or null if units is set."
  }
}

variable "units" {
  description = "Business units by a short name, each with its own folder, schema, role and alarm; {}: the one of business_unit_id. What a unit leaves out is the common value."
  type = map(object({
    business_unit_id  = string
    timezone          = optional(string)
    client_id         = optional(string)
    username          = optional(string)
    login_url         = optional(string)
    schema            = optional(string)
    objects           = optional(string)
    daily_call_budget = optional(number)
    settings          = optional(map(string), {})
    enabled           = optional(bool, true)
  }))
  default = {}

  validation {
    condition     = alltrue([for name in keys(var.units) : can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", name)) && length(name) <= 20])
    error_message = "A unit's name must be 1 to 20 lower-case letters, digits and single hyphens, begin with a letter and not end with a hyphen."
  }

  validation {
    condition     = alltrue([for unit in values(var.units) : can(regex("^0Uv[A-Za-z0-9]{15}$", unit.business_unit_id))])
    error_message = "business_unit_id of each unit must be 18 letters and digits that begin with 0Uv (Setup > Business Unit Setup)."
  }

  validation {
    condition     = length(distinct(values(var.units)[*].business_unit_id)) == length(var.units)
    error_message = "Two units have the same business_unit_id: they would read the same account twice."
  }

  validation {
    condition     = length(distinct(compact(values(var.units)[*].schema))) == length(compact(values(var.units)[*].schema))
    error_message = "Two units have the same schema: each needs its own, or their rows mix."
  }

  validation {
    condition = alltrue(flatten([
      for unit in values(var.units) : [
        for name, value in unit.settings :
        !can(regex("://[^/]*@", value)) && (
          !can(regex("SECRET|PASSWORD|PASSPHRASE|TOKEN|KEY|WEBHOOK_URL", name)) || endswith(name, "_FILE")
          || startswith(value, "aws-secretsmanager:") && !startswith(name, "AWS_")
        )
      ]
    ]))
    error_message = "settings of a unit must not contain a secret: store its value in Secrets Manager and give aws-secretsmanager:NAME#key (docs/deploy-aws.md)."
  }
}

variable "auth_flow" {
  description = "PARDOT_AUTH_FLOW: jwt (recommended), client_credentials or refresh_token. It determines which secrets are created."
  type        = string
  default     = "jwt"

  validation {
    condition     = contains(["jwt", "client_credentials", "refresh_token"], var.auth_flow)
    error_message = "auth_flow must be jwt, client_credentials or refresh_token."
  }
}

variable "client_id" {
  description = "PARDOT_CLIENT_ID: consumer key of the External Client App. It is not a secret. Null only if each of units has one."
  type        = string
  default     = null

  validation {
    condition     = var.client_id != null || length(var.units) > 0 && alltrue([for unit in values(var.units) : unit.client_id != null])
    error_message = "client_id must be given, or each of units must have one."
  }
}

variable "username" {
  description = "PARDOT_USERNAME: Salesforce user name of the API user; only the flow jwt needs it."
  type        = string
  default     = null

  validation {
    condition     = var.username != null || var.auth_flow != "jwt" || length(var.units) > 0 && alltrue([for unit in values(var.units) : unit.username != null])
    error_message = "username must be given for auth_flow = \"jwt\", or each of units must have one."
  }
}

variable "login_url" {
  description = "PARDOT_LOGIN_URL: the My Domain host for client_credentials, https://test.salesforce.com for sandboxes."
  type        = string
  default     = "https://login.salesforce.com"

  validation {
    condition     = startswith(var.login_url, "https://")
    error_message = "login_url must begin with https://."
  }
}

variable "api_url" {
  description = "PARDOT_API_URL: https://pi.demo.pardot.com for sandboxes and developer orgs."
  type        = string
  default     = "https://pi.pardot.com"

  validation {
    condition     = startswith(var.api_url, "https://")
    error_message = "api_url must begin with https://."
  }
}

variable "timezone" {
  description = "PARDOT_TIMEZONE: IANA name of the API user's zone in Account Engagement. Null only if each of units has one."
  type        = string
  default     = null

  validation {
    condition     = var.timezone != null || length(var.units) > 0 && alltrue([for unit in values(var.units) : unit.timezone != null])
    error_message = "timezone must be given, or each of units must have one."
  }
}

variable "objects" {
  description = "PARDOT_ETL_OBJECTS: comma-separated objects, groups, patterns and exclusions, such as core,-EmailClick."
  type        = string
  default     = "core"
}

variable "daily_call_budget" {
  description = "PARDOT_DAILY_CALL_BUDGET: calls that this tool may make per account day; null: this tool sets no limit."
  type        = number
  default     = null
}

variable "settings" {
  description = "Further settings by their environment variable, such as PARDOT_ETL_COMPRESSION. No secrets: Terraform would store them in its state."
  type        = map(string)
  default     = {}

  validation {
    condition = alltrue([
      for name, value in var.settings :
      !can(regex("://[^/]*@", value)) && (
        !can(regex("SECRET|PASSWORD|PASSPHRASE|TOKEN|KEY|WEBHOOK_URL", name)) || endswith(name, "_FILE")
        || startswith(value, "aws-secretsmanager:") && !startswith(name, "AWS_")
      )
    ])
    error_message = "settings must not contain a secret: store its value in Secrets Manager and give aws-secretsmanager:NAME#key (docs/deploy-aws.md)."
  }

  validation {
    condition = alltrue([
      for text in [for settings in concat([var.settings], values(var.units)[*].settings) : settings["PARDOT_ETL_STOP_GRACE"] if contains(keys(settings), "PARDOT_ETL_STOP_GRACE")] :
      can(regex("^([0-9]+)s$", text)) && try(tonumber(trimsuffix(text, "s")), 999) + 5 <= var.stop_timeout_seconds
    ])
    error_message = "PARDOT_ETL_STOP_GRACE must be whole seconds such as 25s, and 5 s less than stop_timeout_seconds: SIGKILL would come before the last commit."
  }
}

variable "configuration" {
  description = "Sections of the configuration file that variables cannot express, such as { columns = { Prospect = { drop = [\"phone\"] } } }. No secrets: Terraform would store them in its state."
  type        = any
  default     = null

  validation {
    condition     = var.configuration == null ? true : can(keys(var.configuration)) && alltrue([for section in keys(var.configuration) : contains(["pardot", "etl", "snowflake", "columns", "catalog"], section)])
    error_message = "configuration must be a map of sections of the configuration file: pardot, etl, snowflake, columns, catalog (docs/configuration.md)."
  }

  validation {
    condition     = !can(regex("\"(client_secret|refresh_token|password|private_key|private_key_passphrase|token|hash_key|webhook_url)\":\"[^$\"]", replace(jsonencode(var.configuration), "aws-secretsmanager:", "$")))
    error_message = "configuration must not contain a secret: store its value in Secrets Manager (docs/deploy-aws.md)."
  }
}

variable "hash_key" {
  description = "Whether the configuration hashes columns: their key is then a separate secret."
  type        = bool
  default     = false
}

variable "report" {
  description = "PARDOT_ETL_REPORT: whether each run writes its page to _pardot_etl/runs/<run id>/report.html."
  type        = bool
  default     = false
}

variable "snowflake" {
  description = "Snowflake as the warehouse that determines the start of each range (docs/snowflake.md); null: the tool's own record. With units, schema begins the name of each unit's schema: PARDOT_EMEA."
  type = object({
    account       = string
    user          = string
    role          = string
    warehouse     = string
    database      = string
    schema        = string
    encrypted_key = optional(bool, false)
  })
  default = null
}

variable "webhook" {
  description = "Whether a webhook is notified of finished and failed runs too; its address is a separate secret."
  type        = bool
  default     = false
}

# Destination

variable "existing_bucket" {
  description = "A bucket that exists, with its KMS key if it has one; null: one is created. Nothing of the bucket itself is changed: see the output existing_bucket_needs."
  type = object({
    name        = string
    kms_key_arn = optional(string)
  })
  default = null

  validation {
    condition     = var.existing_bucket == null || var.bucket_name == null
    error_message = "existing_bucket and bucket_name exclude each other: bucket_name is for a new bucket."
  }
}

variable "bucket_name" {
  description = "Name of a new bucket; null: pardot-etl-<environment>-<account id>."
  type        = string
  default     = null
}

variable "prefix" {
  description = "Folder of the bucket, below which each of units has its own. Tasks read and write nothing else of the bucket; names they can list."
  type        = string
  default     = "pardot"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*$", var.prefix))
    error_message = "prefix must be one or more folder names of letters, digits, '.', '_' and '-', without slashes at its ends."
  }
}

variable "landed_files_days" {
  description = "Days after which landed files are removed, once the warehouse has them; null: never."
  type        = number
  default     = null

  validation {
    condition     = var.landed_files_days == null ? true : var.landed_files_days >= 30
    error_message = "landed_files_days must be at least 30: it takes time to notice a paused pipe."
  }
}

variable "protect_landed_files" {
  description = "Whether the bucket's policy denies overwriting anything, and removing landed files and manifests, but for the roles in except; null: only the tasks' own roles lack these rights."
  type = object({
    except = optional(list(string), [])
  })
  default = null
}

variable "kms_key_arn" {
  description = "Key of yours that encrypts bucket, secrets, topic, log, queue, images and the task's disk; null: AWS's keys. Its policy needs the output key_policy_statements."
  type        = string
  default     = null
}
