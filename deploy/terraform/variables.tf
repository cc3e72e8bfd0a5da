# Name and network

variable "environment" {
  description = "Short name of the environment, such as dev or prod. Every resource is named pardot-etl-<environment>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment)) && length(var.environment) <= 20
    error_message = "environment must be 1 to 20 lower-case letters, digits and single hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "vpc_id" {
  description = "VPC in which the task runs."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets in which the task may start: public ones with assign_public_ip, otherwise private ones with outbound access (NAT)."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids must name at least one subnet."
  }
}

variable "assign_public_ip" {
  description = "Whether the task gets a public address while it runs. It accepts no connections either way."
  type        = bool
  default     = true
}

# Extraction

variable "business_unit_id" {
  description = "PARDOT_BUSINESS_UNIT_ID: 18 characters that begin with 0Uv."
  type        = string

  validation {
    condition     = can(regex("^0Uv[A-Za-z0-9]{15}$", var.business_unit_id))
    error_message = "business_unit_id must be 18 letters and digits that begin with 0Uv (Setup > Business Unit Setup)."
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
  description = "PARDOT_CLIENT_ID: consumer key of the External Client App. It is not a secret."
  type        = string
}

variable "username" {
  description = "PARDOT_USERNAME: Salesforce user name of the API user; only the flow jwt needs it."
  type        = string
  default     = null

  validation {
    condition     = var.username != null || var.auth_flow != "jwt"
    error_message = "username must be given for auth_flow = \"jwt\"."
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
  description = "PARDOT_TIMEZONE: IANA name of the API user's zone in Account Engagement."
  type        = string
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
      for text in [for name, value in var.settings : value if name == "PARDOT_ETL_STOP_GRACE"] :
      can(regex("^([0-9]+)s$", text)) && try(tonumber(trimsuffix(text, "s")), 999) + 5 <= var.stop_timeout_seconds
    ])
    error_message = "PARDOT_ETL_STOP_GRACE must be whole seconds such as 25s, and 5 s less than stop_timeout_seconds: SIGKILL would come before the last commit."
  }
}

variable "snowflake" {
  description = "Snowflake as the warehouse that determines the start of each range (docs/snowflake.md); null: the tool's own record."
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

variable "bucket_name" {
  description = "Name of the bucket; null: pardot-etl-<environment>-<account id>."
  type        = string
  default     = null
}

variable "prefix" {
  description = "Folder of the bucket for this business unit; the task has no access to the rest of the bucket."
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

variable "kms_key_arn" {
  description = "Key that encrypts the bucket; null: Amazon S3's own keys (SSE-S3)."
  type        = string
  default     = null
}

# Schedule and size

variable "schedule_expression" {
  description = "When the job starts, in schedule_timezone. After the account's midnight, the day's quota is fresh."
  type        = string
  default     = "cron(15 5 * * ? *)"
}

variable "schedule_timezone" {
  description = "IANA name of the zone of schedule_expression; null: timezone."
  type        = string
  default     = null
}

variable "schedule_enabled" {
  description = "Whether the schedule is on. If off, runs start only by hand."
  type        = bool
  default     = true
}

variable "cpu_architecture" {
  description = "ARM64 (a fifth cheaper) or X86_64; the image must be built for it."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "cpu_architecture must be ARM64 or X86_64."
  }
}

variable "cpu" {
  description = "CPU units of the task: 256, 512, 1024, …"
  type        = number
  default     = 512
}

variable "memory" {
  description = "Memory of the task in MiB; the extracting process stays below 200, a warehouse's driver runs in a separate process."
  type        = number
  default     = 1024
}

variable "ephemeral_storage_gib" {
  description = "Disk of the task in GiB, for files that are not checked yet: a few times the largest export file. Up to 20 is included."
  type        = number
  default     = 21

  validation {
    condition     = var.ephemeral_storage_gib >= 21 && var.ephemeral_storage_gib <= 200
    error_message = "ephemeral_storage_gib must be 21 to 200 (Fargate's bounds)."
  }
}

variable "stop_timeout_seconds" {
  description = "Time between SIGTERM and SIGKILL. More than PARDOT_ETL_STOP_GRACE (25 s), so that finished work is committed."
  type        = number
  default     = 60

  validation {
    condition     = var.stop_timeout_seconds >= 30 && var.stop_timeout_seconds <= 120
    error_message = "stop_timeout_seconds must be 30 (5 more than the grace) to 120 (Fargate's limit)."
  }
}

variable "images_kept" {
  description = "How many tagged images the repository keeps."
  type        = number
  default     = 10
}

# Notifications and logs

variable "alarm_emails" {
  description = "Addresses to notify of finished, failed and missing runs; each must confirm its subscription once."
  type        = set(string)
  default     = []
}

variable "notify" {
  description = "What alarm_emails receive: trouble (alarms, and runs that did not succeed) or all (every run too)."
  type        = string
  default     = "trouble"

  validation {
    condition     = contains(["all", "trouble"], var.notify)
    error_message = "notify must be all or trouble."
  }
}

variable "success_within_hours" {
  description = "Hours without a successful run after which an alarm fires: the schedule's longest gap plus two. A schedule of weekdays needs 74."
  type        = number
  default     = 26

  validation {
    condition     = var.success_within_hours >= 2 && var.success_within_hours <= 168 && floor(var.success_within_hours) == var.success_within_hours
    error_message = "success_within_hours must be 2 to 168 (CloudWatch looks back seven days at most), in whole hours."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 90
}

variable "quota_alarm_share" {
  description = "Share of the day's calls (budget or account limit, whichever is nearer) at which the quota alarm fires."
  type        = number
  default     = 0.9

  validation {
    condition     = var.quota_alarm_share > 0 && var.quota_alarm_share <= 1
    error_message = "quota_alarm_share must be above 0 and at most 1."
  }
}

# Snowpipe

variable "snowpipe" {
  description = "Role and events for Snowpipe; null: none. {} creates the role; DESC INTEGRATION shows user_arn and external_id, SHOW PIPES shows queue_arn."
  type = object({
    user_arn    = optional(string)
    external_id = optional(string)
    queue_arn   = optional(string)
  })
  default = null

  validation {
    condition     = var.snowpipe == null ? true : (var.snowpipe.user_arn == null) == (var.snowpipe.external_id == null)
    error_message = "snowpipe.user_arn and snowpipe.external_id belong together (DESC INTEGRATION shows both)."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
}
