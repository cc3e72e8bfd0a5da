# The container and where it runs.

locals {
  # As in the image (Dockerfile): an empty volume takes its owner and mode from the image only at this exact path.
  scratch_path = "/var/pardot-etl"
  user         = "65532:65532"

  # What all units share. In a fleet the rest comes with each start (units.tf): a start without it ends with exit 2.
  environment = merge(
    {
      AWS_REGION               = local.region
      PARDOT_API_URL           = var.api_url
      PARDOT_AUTH_FLOW         = var.auth_flow
      PARDOT_ETL_SNS_TOPIC_ARN = local.topic_arn
      PARDOT_ETL_STOP_GRACE    = "25s"
      PARDOT_ETL_TMPDIR        = local.scratch_path
    },
    # The file's sections, as JSON: a task gets variables, not files.
    var.configuration == null ? {} : { PARDOT_ETL_CONFIG = jsonencode(var.configuration) },
    var.report ? { PARDOT_ETL_REPORT = "true" } : {},
    # Lets `verify` distinguish files that a lifecycle rule removed from lost ones.
    var.landed_files_days == null ? {} : { PARDOT_ETL_RETENTION = "${var.landed_files_days}d" },
    var.snowflake == null ? {} : {
      PARDOT_ETL_WAREHOUSE = "snowflake"
      SNOWFLAKE_ACCOUNT    = var.snowflake.account
      SNOWFLAKE_DATABASE   = var.snowflake.database
      SNOWFLAKE_ROLE       = var.snowflake.role
      SNOWFLAKE_USER       = var.snowflake.user
      SNOWFLAKE_WAREHOUSE  = var.snowflake.warehouse
    },
    local.proxy_environment,
    var.settings,
    local.secret_references,
    local.is_fleet ? {} : one(values(local.unit_environment)),
  )
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_ecs_cluster" "this" {
  count = var.cluster_arn == null ? 1 : 0

  name = local.name
  tags = var.tags

  # The task's disk, where files are until they are checked.
  dynamic "configuration" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      managed_storage_configuration {
        fargate_ephemeral_storage_kms_key_id = configuration.value
      }
    }
  }
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
  task_role_arn            = local.is_fleet ? null : one(values(aws_iam_role.task)[*].arn)
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
      name                   = "pardot-etl"
      image                  = "${local.repository_url}:${aws_ssm_parameter.image_tag.insecure_value}"
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
