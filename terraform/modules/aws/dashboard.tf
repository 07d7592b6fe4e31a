# One page: what runs did, how long it took, what waits, and how the function is.

locals {
  panels = concat(
    [{ title = "Runs by outcome", stat = "Sum", metrics = concat([for name, _ in var.targets : [
      for outcome in ["deployed", "rejected", "denied", "failed", "busy", "held"] : ["dagferry", "Runs", "Target", name, "Outcome", outcome]
    ]]...) }],
    [for metric, title in {
      LagSeconds    = "From the newest upload to live (s)"
      DeploySeconds = "Deploys (s)"
      Files         = "Files in the bundle"
      Bytes         = "Size of the bundle (bytes)"
      Requests      = "Requests to the object store"
      TokenDaysLeft = "Days until the token expires"
    } : { title = title, stat = metric == "TokenDaysLeft" ? "Minimum" : "Maximum", metrics = [for name, _ in var.targets : ["dagferry", metric, "Target", name]] }],
    [
      { title = "Oldest event that waits (s)", stat = "Maximum", metrics = [for q in aws_sqs_queue.events : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", q.name]] },
      { title = "Given up", stat = "Maximum", metrics = [for q in aws_sqs_queue.dead : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", q.name]] },
      { title = "Function: calls, errors, throttles", stat = "Sum", metrics = [for metric in ["Invocations", "Errors", "Throttles"] : ["AWS/Lambda", metric, "FunctionName", var.name]] },
      { title = "Function: duration (ms)", stat = "Maximum", metrics = [["AWS/Lambda", "Duration", "FunctionName", var.name]] },
    ],
  )
}

resource "aws_cloudwatch_dashboard" "overview" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for i, panel in local.panels : {
      type   = "metric"
      x      = i % 2 * 12
      y      = floor(i / 2) * 6
      width  = 12
      height = 6
      properties = {
        title   = panel.title
        stat    = panel.stat
        metrics = panel.metrics
        region  = local.region
        period  = 300
        view    = "timeSeries"
      }
    }]
  })
}
