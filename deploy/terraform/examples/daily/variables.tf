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

variable "business_unit_id" {
  description = "The business unit (Setup > Business Unit Setup): 18 characters that begin with 0Uv."
  type        = string
}

variable "auth_flow" {
  description = "jwt (recommended), client_credentials or refresh_token (docs/authentication.md)."
  type        = string
  default     = "jwt"
}

variable "client_id" {
  description = "Consumer key of the External Client App."
  type        = string
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
