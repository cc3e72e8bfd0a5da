# Names, network, what exists already, roles, schedule, size, notifications and Snowpipe.

variable "environment" {
  description = "Short name of the environment, such as dev or prod. Every resource is named pardot-etl-<environment>."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.environment)) && length(var.environment) <= 20
    error_message = "environment must be 1 to 20 lower-case letters, digits and single hyphens, begin with a letter and not end with a hyphen."
  }
}

variable "network" {
  description = "VPC, subnets and the way out; null: the account's default VPC with a public address. Private subnets need NAT or a proxy. The task accepts no connections in any case."
  type = object({
    vpc_id           = string
    subnet_ids       = list(string)
    assign_public_ip = optional(bool, false)
    https_proxy      = optional(string)
    no_proxy         = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.network == null ? true : length(var.network.subnet_ids) > 0
    error_message = "network.subnet_ids must name at least one subnet."
  }

  validation {
    condition     = try(var.network.https_proxy, null) == null ? true : can(regex("^https?://[^@/]+(:[0-9]+)?/?$", var.network.https_proxy))
    error_message = "network.https_proxy must be http://host:port without user and password: Terraform would store them in its state."
  }
}

variable "cluster_arn" {
  description = "An ECS cluster that exists; null: one is created."
  type        = string
  default     = null

  validation {
    condition     = var.cluster_arn == null ? true : can(regex("^arn:[a-z-]+:ecs:[a-z0-9-]+:[0-9]{12}:cluster/.+$", var.cluster_arn))
    error_message = "cluster_arn must be the ARN of an ECS cluster."
  }
}

variable "topic_arn" {
  description = "A standard SNS topic that exists; null: one is created. Its policy needs the output topic_policy_statements."
  type        = string
  default     = null

  validation {
    condition     = var.topic_arn == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.topic_arn))
    error_message = "topic_arn must be the ARN of a standard SNS topic (not .fifo)."
  }
}

variable "repository_url" {
  description = "An ECR repository that exists, as <account>.dkr.ecr.<region>.amazonaws.com/<name>; null: one is created. The deploy scripts push to one of this account and region only."
  type        = string
  default     = null

  validation {
    condition     = var.repository_url == null ? true : can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.[a-z0-9.]+/[a-z0-9._/-]+$", var.repository_url))
    error_message = "repository_url must be <account>.dkr.ecr.<region>.amazonaws.com/<name>, without a tag."
  }
}

# Roles

variable "permissions_boundary" {
  description = "ARN of the policy that bounds every role of this module; null: none."
  type        = string
  default     = null
}

variable "role_path" {
  description = "Path of every role of this module, such as /data/."
  type        = string
  default     = "/"

  validation {
    condition     = can(regex("^/([A-Za-z0-9_.-]+/)*$", var.role_path))
    error_message = "role_path must begin and end with a slash."
  }
}

variable "deploy_role" {
  description = "Who may deploy without stored keys: the OIDC provider's ARN, and the subjects of its tokens, such as repo:acme/pardot-etl:environment:prod; null: no role."
  type = object({
    oidc_provider_arn = string
    subjects          = list(string)
    audience          = optional(string, "sts.amazonaws.com")
  })
  default = null

  validation {
    condition     = var.deploy_role == null ? true : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/.+$", var.deploy_role.oidc_provider_arn))
    error_message = "deploy_role.oidc_provider_arn must be the ARN of an OIDC provider in IAM."
  }

  validation {
    condition     = var.deploy_role == null ? true : length(var.deploy_role.subjects) > 0 && alltrue([for subject in var.deploy_role.subjects : can(regex("^[^*]+:[^*]+", subject))])
    error_message = "deploy_role.subjects must name the repository: a star at the beginning lets everyone's workflows in."
  }
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

variable "max_concurrency" {
  description = "How many units run at the same time. Young accounts have a small quota of Fargate vCPUs (Service Quotas)."
  type        = number
  default     = 8

  validation {
    condition     = var.max_concurrency >= 1 && var.max_concurrency <= 40
    error_message = "max_concurrency must be 1 to 40 (the limit of a map in Step Functions)."
  }
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
  description = "How many tagged images the repository keeps; to roll back further, build again."
  type        = number
  default     = 30
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
