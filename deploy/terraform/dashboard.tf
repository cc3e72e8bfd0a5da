# What to look at: the last runs as a saved query, and a page with a line per business unit.

resource "aws_cloudwatch_query_definition" "runs" {
  name            = "${local.name}/last runs"
  log_group_names = [aws_cloudwatch_log_group.this.name]

  query_string = <<-EOT
    filter event = "run_ended"
    | sort @timestamp desc
    | display @timestamp, business_unit, business_unit_name, exit_code, meaning, rows, files, calls_today, quota_share, error, hint
    | limit 100
  EOT
}

locals {
  charts = [
    { title = "Rows", metric = local.metric_filters.rows.metric, statistic = "Sum" },
    { title = "Duration (ms)", metric = local.metric_filters.duration.metric, statistic = "Maximum" },
    { title = "Calls", metric = local.metric_filters.calls.metric, statistic = "Sum" },
    { title = "Successful runs", metric = local.metric_filters.succeeded.metric, statistic = "Sum" },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = concat(
      [
        for index, chart in local.charts : {
          type   = "metric"
          x      = 12 * (index % 2)
          y      = 6 * floor(index / 2)
          width  = 12
          height = 6
          properties = {
            title   = chart.title
            region  = local.region
            view    = "timeSeries"
            period  = 86400
            metrics = [[{ expression = "SEARCH('{${local.name},BusinessUnit} MetricName=\"${chart.metric}\"', '${chart.statistic}', 86400)", label = "$${PROP('Dim.BusinessUnit')}" }]]
          }
        }
      ],
      [
        {
          type   = "metric"
          x      = 0
          y      = 12
          width  = 12
          height = 6
          properties = {
            title   = "Largest share of a quota"
            region  = local.region
            view    = "timeSeries"
            stat    = "Maximum"
            period  = 86400
            metrics = [[local.name, local.metric_filters.quota.metric]]
            yAxis   = { left = { min = 0, max = 1 } }
          }
        },
        {
          type   = "log"
          x      = 0
          y      = 18
          width  = 24
          height = 9
          properties = {
            title  = "Last runs"
            region = local.region
            view   = "table"
            query  = "SOURCE '${aws_cloudwatch_log_group.this.name}' | ${aws_cloudwatch_query_definition.runs.query_string}"
          }
        },
      ],
    )
  })
}
