# The container and where it runs.

locals {
  # As in the image (Dockerfile): an empty volume takes its owner and mode from the image only at this exact path.
  scratch_path = "/var/pardot-etl"
  user         = "65532:65532"
  container    = "pardot-etl"

  environment = merge(
    {
      AWS_REGION               = local.region
      PARDOT_API_URL           = var.api_url
      PARDOT_AUTH_FLOW         = var.auth_flow
      PARDOT_BUSINESS_UNIT_ID  = var.business_unit_id
      PARDOT_CLIENT_ID         = var.client_id
      PARDOT_ETL_DESTINATION   = local.destination
      PARDOT_ETL_OBJECTS       = var.objects
      PARDOT_ETL_SNS_TOPIC_ARN = aws_sns_topic.this.arn
      PARDOT_ETL_STOP_GRACE    = "25s"
      PARDOT_ETL_TMPDIR        = local.scratch_path
      PARDOT_LOGIN_URL         = var.login_url
      PARDOT_TIMEZONE          = var.timezone
    },
    var.auth_flow == "jwt" ? { PARDOT_USERNAME = var.username } : {},
    var.daily_call_budget == null ? {} : { PARDOT_DAILY_CALL_BUDGET = tostring(var.daily_call_budget) },
    # Lets `verify` distinguish files that a lifecycle rule removed from lost ones.
    var.landed_files_days == null ? {} : { PARDOT_ETL_RETENTION = "${var.landed_files_days}d" },
    var.snowflake == null ? {} : {
      PARDOT_ETL_WAREHOUSE = "snowflake"
      SNOWFLAKE_ACCOUNT    = var.snowflake.account
      SNOWFLAKE_DATABASE   = var.snowflake.database
      SNOWFLAKE_ROLE       = var.snowflake.role
      SNOWFLAKE_SCHEMA     = var.snowflake.schema
      SNOWFLAKE_USER       = var.snowflake.user
      SNOWFLAKE_WAREHOUSE  = var.snowflake.warehouse
    },
    var.settings,
    local.secret_references,
  )
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_ecs_cluster" "this" {
  name = local.name
  tags = var.tags
}

# The deploy script registers newer revisions of this family, which differ only in the image. This resource manages its
# own revision, and registers another one when a setting changes.
resource "aws_ecs_task_definition" "this" {
  family                   = local.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  tags                     = var.tags

  # A running revision stays valid until it ends, and you can roll back to an older one.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  ephemeral_storage {
    size_in_gib = var.ephemeral_storage_gib
  }

  volume {
    name = "scratch"
  }

  container_definitions = jsonencode([
    {
      name                   = local.container
      image                  = "${aws_ecr_repository.this.repository_url}:${aws_ssm_parameter.image_tag.insecure_value}"
      command                = ["run"]
      essential              = true
      user                   = local.user
      readonlyRootFilesystem = true
      stopTimeout            = var.stop_timeout_seconds

      environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]

      mountPoints = [{ sourceVolume = "scratch", containerPath = local.scratch_path, readOnly = false }]

      linuxParameters = { capabilities = { drop = ["ALL"] } }

      logConfiguration = {
        logDriver = "awslogs"
        # Mode and buffer explicitly, because the account's default changes: a slow log must not block a run, and the last
        # line, which all alarms read, must not be dropped.
        options = {
          mode                  = "non-blocking"
          max-buffer-size       = "25m"
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = local.region
          awslogs-stream-prefix = "run"
        }
      }
    },
  ])
}

resource "aws_security_group" "this" {
  name        = local.name
  description = "pardot-etl: out to Salesforce, AWS and the warehouse, nothing in"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_vpc_security_group_egress_rule" "this" {
  # Port 80 is for the lists of revoked certificates that Snowflake's driver reads; nothing else uses plain HTTP.
  for_each = var.snowflake == null ? toset(["443"]) : toset(["443", "80"])

  security_group_id = aws_security_group.this.id
  description       = "out on port ${each.value}"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value)
  to_port           = tonumber(each.value)
  cidr_ipv4         = "0.0.0.0/0"
}
