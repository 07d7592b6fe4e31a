# The alarms, as a table: docs/operations.md says of each what its description says, at length. The metrics in the
# namespace dagferry are the function's own, from its log.

locals {
  alarms_of_targets = { for name, t in var.targets : name => {
    dead-letters = {
      says       = "Events were given up after ${local.max_receives} tries. The sweep does their work; find out why in the log, then redrive the queue ${var.name}-${name}-dead."
      metric     = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", { QueueName = aws_sqs_queue.dead[name].name }]
      is         = ["Maximum", ">", 0, 300]
      if_missing = "notBreaching" # an empty queue stops reporting after six hours
    }
    waiting = {
      says       = "The oldest event has waited for more than ${var.alarms.waiting_seconds} s: every run fails, or one never ends. See the alarms failed and errors, and dagferry status."
      metric     = ["AWS/SQS", "ApproximateAgeOfOldestMessage", { QueueName = aws_sqs_queue.events[name].name }]
      is         = ["Maximum", ">", var.alarms.waiting_seconds, 300]
      if_missing = "notBreaching" # the same
    }
    lag = {
      says       = "An upload took more than ${var.alarms.lag_seconds} s to be live. The steps in the run's record say where the time went."
      metric     = ["dagferry", "LagSeconds", { Target = name }]
      is         = ["Maximum", ">", var.alarms.lag_seconds, 300]
      if_missing = "notBreaching" # no deploy, no lag
    }
    rejected = {
      says       = "DAGs are refused, and what was live before stays live. The run's record says which file and why; it is for their author to mend."
      metric     = ["dagferry", "Runs", { Target = name, Outcome = "rejected" }]
      is         = ["Sum", ">", 0, 300]
      if_missing = "notBreaching" # no such run
    }
    denied = {
      says       = "Astro or AWS refuses: a token, a permission or a setting. Nothing is deployed until that is changed; the log says what."
      metric     = ["dagferry", "Runs", { Target = name, Outcome = "denied" }]
      is         = ["Sum", ">", 0, 300]
      if_missing = "notBreaching" # no such run
    }
    failed = {
      says       = "More than two runs failed within 15 minutes. They are tried again; if that does not end, the log says what fails."
      metric     = ["dagferry", "Runs", { Target = name, Outcome = "failed" }]
      is         = ["Sum", ">", 2, 900]
      if_missing = "notBreaching" # no such run
    }
    token-days = {
      says       = "The API token expires in less than ${var.alarms.token_days} days. Make a new one and store it where the old one is."
      metric     = ["dagferry", "TokenDaysLeft", { Target = name }]
      is         = ["Minimum", "<", var.alarms.token_days, 3600]
      if_missing = "ignore" # it stays as it was until a run tells the days again
    }
  } }

  alarms_of_the_function = {
    errors = {
      says       = "The function fails as a whole: its configuration cannot be read, or it runs out of time or memory. The log says which."
      metric     = ["AWS/Lambda", "Errors", { FunctionName = aws_lambda_function.sync.function_name }]
      is         = ["Sum", ">", 0, 300]
      if_missing = "notBreaching" # not called
    }
    throttles = {
      says       = "Lambda refuses calls, and events lose tries by that: the account's concurrency is used up. Raise the quota."
      metric     = ["AWS/Lambda", "Throttles", { FunctionName = aws_lambda_function.sync.function_name }]
      is         = ["Sum", ">", 0, 900]
      if_missing = "notBreaching" # not called
    }
    silent = {
      says       = "The function was not called for ${var.alarms.silent_seconds} s, although sweeps are due: a schedule, a queue or a mapping is broken or switched off."
      metric     = ["AWS/Lambda", "Invocations", { FunctionName = aws_lambda_function.sync.function_name }]
      is         = ["Sum", "<", 1, var.alarms.silent_seconds]
      if_missing = "breaching" # that is the very thing
    }
  }

  alarms = merge(
    { for kind, alarm in local.alarms_of_the_function : kind => alarm if kind != "silent" || length(local.sweeps) > 0 && var.alarms.silent_seconds > 0 },
    [for name, alarms in local.alarms_of_targets : { for kind, alarm in alarms : "${name}-${kind}" => alarm if kind != "rejected" || var.alarms.rejected }]...
  )
}

resource "aws_cloudwatch_metric_alarm" "all" {
  for_each = { for key, alarm in local.alarms : key => alarm if var.alarms.enabled }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.metric[0]
  metric_name         = each.value.metric[1]
  dimensions          = each.value.metric[2]
  statistic           = each.value.is[0]
  comparison_operator = each.value.is[1] == ">" ? "GreaterThanThreshold" : "LessThanThreshold"
  threshold           = each.value.is[2]
  period              = each.value.is[3]
  evaluation_periods  = 1
  treat_missing_data  = each.value.if_missing
  alarm_actions       = var.alarms.sns_topic_arns
  ok_actions          = var.alarms.sns_topic_arns
  tags                = local.tags
}
