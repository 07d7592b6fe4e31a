# One page: what runs did, how long it took, what waits, and how the function is.

locals {
  subscriptions = { for kind, all in { events = google_pubsub_subscription.events, dead = google_pubsub_subscription.dead } :
  kind => "resource.labels.subscription_id=one_of(${join(", ", [for s in all : "\"${s.name}\""])})" }

  panels = concat(
    [{ title = "Runs by outcome", stat = "Sum", metric = local.logged.Runs, by = ["metric.label.Target", "metric.label.Outcome"] }],
    [for metric, title in {
      LagSeconds    = "From the newest upload to live (s)"
      DeploySeconds = "Deploys (s)"
      Files         = "Files in the bundle"
      Bytes         = "Size of the bundle (bytes)"
      Requests      = "Requests to the object store"
      TokenDaysLeft = "Days until the token expires"
    } : { title = title, stat = metric == "TokenDaysLeft" ? "Minimum" : "Maximum", metric = local.logged[metric], by = ["metric.label.Target"] }],
    [
      { title = "Oldest event that waits (s)", stat = "Gauge", metric = "${local.pubsub.oldest_unacked_message_age} AND ${local.subscriptions.events}", by = ["resource.label.subscription_id"] },
      { title = "Given up", stat = "Gauge", metric = "${local.pubsub.num_undelivered_messages} AND ${local.subscriptions.dead}", by = ["resource.label.subscription_id"] },
      { title = "Function: calls by answer", stat = "Sum", metric = local.requested, by = ["metric.label.response_code"] },
      { title = "Function: duration (ms)", stat = "Maximum", metric = "metric.type=\"run.googleapis.com/request_latencies\" AND ${local.in_cloud_run}", by = [] },
    ],
  )
}

resource "google_monitoring_dashboard" "overview" {
  count = var.dashboard ? 1 : 0

  dashboard_json = jsonencode({
    displayName = var.name
    labels      = { for key, value in local.labels : "${key}_${value}" => "" } # a dashboard's labels are words
    mosaicLayout = {
      columns = 12
      # What is nothing, Google leaves out, and Terraform would find it missing each time.
      tiles = [for i, panel in local.panels : merge({ for at, n in { xPos = i % 2 * 6, yPos = floor(i / 2) * 4 } : at => n if n > 0 }, {
        width  = 6
        height = 4
        widget = {
          title = panel.title
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = panel.metric
                  aggregation = merge({ for by, fields in { groupByFields = panel.by } : by => fields if length(fields) > 0 }, {
                    alignmentPeriod    = "300s"
                    perSeriesAligner   = local.aggregated[panel.stat][0]
                    crossSeriesReducer = local.aggregated[panel.stat][1]
                  })
                }
              }
            }]
          }
        }
      })]
    }
  })

  depends_on = [google_logging_metric.runs, google_logging_metric.values]
}
