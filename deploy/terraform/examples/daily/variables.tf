variable "account_id" {
  description = "The AWS account, 12 digits. Terraform stops if the credentials belong to another account."
  type        = string
}

variable "region" {
  description = "The AWS region, such as eu-central-1."
  type        = string
}

variable "environment" {
  description = "dev, prod, …: every resource is named pardot-etl-<environment>."
  type        = string
}

variable "network" {
  description = "VPC, subnets and proxy; null: the account's default VPC, with a public address."
  type = object({
    vpc_id           = string
    subnet_ids       = list(string)
    assign_public_ip = optional(bool, false)
    https_proxy      = optional(string)
    no_proxy         = optional(list(string), [])
  })
  default = null
}

variable "business_unit_id" {
  description = "The business unit (Setup > Business Unit Setup): 18 characters that begin with 0Uv. Null with units."
  type        = string
  default     = null
}

variable "units" {
  description = "Many business units by a short name, instead of business_unit_id."
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
}

variable "auth_flow" {
  description = "jwt (recommended), client_credentials or refresh_token (docs/authentication.md)."
  type        = string
  default     = "jwt"
}

variable "client_id" {
  description = "Consumer key of the External Client App."
  type        = string
  default     = null
}

variable "username" {
  description = "Salesforce user name of the API user, for the flow jwt."
  type        = string
  default     = null
}

variable "login_url" {
  description = "The My Domain host, https://login.salesforce.com or https://test.salesforce.com."
  type        = string
  default     = "https://login.salesforce.com"
}

variable "timezone" {
  description = "IANA name of the API user's zone in Account Engagement."
  type        = string
  default     = null
}

variable "daily_call_budget" {
  description = "Calls that pardot-etl may make per day; null: pardot-etl sets no limit."
  type        = number
  default     = null
}

variable "schedule_expression" {
  description = "When the job starts, in the API user's zone: minute, hour, day of month, month, day of week, year."
  type        = string
  default     = "cron(15 5 * * ? *)"
}

variable "schedule_enabled" {
  description = "Whether the schedule is on; false: runs start only by hand."
  type        = bool
  default     = true
}

variable "snowflake" {
  description = "The Snowflake warehouse (docs/snowflake.md); null: none."
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

variable "snowpipe" {
  description = "Role and events for Snowpipe (docs/deploy-aws.md); null: none; {}: only the role."
  type = object({
    user_arn    = optional(string)
    external_id = optional(string)
    queue_arn   = optional(string)
  })
  default = null
}

variable "alarm_emails" {
  description = "Addresses to notify of runs and alarms; each must confirm once."
  type        = set(string)
}

variable "notify" {
  description = "What alarm_emails receive: trouble (alarms, and runs that did not succeed) or all (every run too)."
  type        = string
  default     = "trouble"
}

variable "configuration" {
  description = "Sections of the configuration file, such as { columns = { Prospect = { drop = [\"phone\"] } } }; null: none."
  type        = any
  default     = null
}

variable "hash_key" {
  description = "Whether the configuration hashes columns: their key is then a separate secret."
  type        = bool
  default     = false
}

variable "existing_bucket" {
  description = "A bucket that exists, with its KMS key if it has one; null: one is created."
  type = object({
    name        = string
    kms_key_arn = optional(string)
  })
  default = null
}

variable "kms_key_arn" {
  description = "Key of yours that encrypts everything; null: AWS's keys."
  type        = string
  default     = null
}

variable "deploy_role" {
  description = "Who may deploy from a workflow without stored keys; null: no role."
  type = object({
    oidc_provider_arn = string
    subjects          = list(string)
    audience          = optional(string, "sts.amazonaws.com")
  })
  default = null
}
