# The alarms, as a table: docs/operations.md says of each what its description says, at length. Metrics of logging.googleapis.com
# are the function's own, from its log.

locals {
  # How series are aligned, and made one: revisions of the function have series of their own.
  aggregated = {
    Sum     = ["ALIGN_DELTA", "REDUCE_SUM"]
    Gauge   = ["ALIGN_MAX", "REDUCE_MAX"]
    Maximum = ["ALIGN_PERCENTILE_99", "REDUCE_MAX"] # of a histogram
    Minimum = ["ALIGN_PERCENTILE_05", "REDUCE_MIN"]
  }

  logged    = { for name in concat(["Runs", "Errors"], keys(local.bounds)) : name => "metric.type=\"logging.googleapis.com/user/${var.name}/${name}\" AND resource.type=\"cloud_run_revision\"" }
  requested = "metric.type=\"run.googleapis.com/request_count\" AND ${local.in_cloud_run}"
  pubsub    = { for name in ["oldest_unacked_message_age", "num_undelivered_messages"] : name => "metric.type=\"pubsub.googleapis.com/subscription/${name}\" AND resource.type=\"pubsub_subscription\"" }

  alarms_of_targets = { for name, t in var.targets : name => {
    dead-letters = {
      says       = "Events were given up after ${local.max_attempts} attempts. The sweep does their work; find out why in the log, then empty the subscription ${var.name}-${name}-dead."
      metric     = "${local.pubsub.num_undelivered_messages} AND resource.labels.subscription_id=\"${google_pubsub_subscription.dead[name].name}\""
      is         = ["Gauge", ">", 0, 300]
      if_missing = "INACTIVE" # an empty subscription may report nothing
    }
    waiting = {
      says       = "The oldest event has waited for more than ${var.alarms.waiting_seconds} s: every run fails, or one never ends. See the alarms failed and errors, and dagferry status."
      metric     = "${local.pubsub.oldest_unacked_message_age} AND resource.labels.subscription_id=\"${google_pubsub_subscription.events[name].name}\""
      is         = ["Gauge", ">", var.alarms.waiting_seconds, 300]
      if_missing = "INACTIVE" # the same
    }
    lag = {
      says       = "An upload took more than ${var.alarms.lag_seconds} s to be live. The steps in the run's record say where the time went."
      metric     = "${local.logged.LagSeconds} AND metric.labels.Target=\"${name}\""
      is         = ["Maximum", ">", var.alarms.lag_seconds, 300]
      if_missing = "INACTIVE" # no deploy, no lag
    }
    rejected = {
      says       = "DAGs are refused, and what was live before stays live. The run's record says which file and why; it is for their author to mend."
      metric     = "${local.logged.Runs} AND metric.labels.Target=\"${name}\" AND metric.labels.Outcome=\"rejected\""
      is         = ["Sum", ">", 0, 300]
      if_missing = "INACTIVE" # no such run
    }
    denied = {
      says       = "Astro or Google Cloud refuses: a token, a permission or a setting. Nothing is deployed until that is changed; the log says what."
      metric     = "${local.logged.Runs} AND metric.labels.Target=\"${name}\" AND metric.labels.Outcome=\"denied\""
      is         = ["Sum", ">", 0, 300]
      if_missing = "INACTIVE" # no such run
    }
    failed = {
      says       = "More than two runs failed within 15 minutes. They are tried again; if that does not end, the log says what fails."
      metric     = "${local.logged.Runs} AND metric.labels.Target=\"${name}\" AND metric.labels.Outcome=\"failed\""
      is         = ["Sum", ">", 2, 900]
      if_missing = "INACTIVE" # no such run
    }
    token-days = {
      says       = "The API token expires in less than ${var.alarms.token_days} days. Make a new one and add it to the secret as a version."
      metric     = "${local.logged.TokenDaysLeft} AND metric.labels.Target=\"${name}\""
      is         = ["Minimum", "<", var.alarms.token_days, 3600]
      if_missing = "NO_OP" # it stays as it was until a run tells the days again
    }
  } }

  alarms_of_the_function = {
    errors = {
      says       = "The function fails as a whole: its configuration cannot be read, or it runs out of time or memory. The log says which."
      metric     = local.logged.Errors
      is         = ["Sum", ">", 0, 300]
      if_missing = "INACTIVE" # not called
    }
    throttles = {
      says       = "Cloud Run refuses calls, and events use up attempts by that: more than 80 wait for slow runs at once. It passes; if it does not, see the alarms lag and waiting."
      metric     = "${local.requested} AND metric.labels.response_code=\"429\""
      is         = ["Sum", ">", 0, 900]
      if_missing = "INACTIVE" # not called
    }
    silent = {
      says       = "The function was not called for ${var.alarms.silent_seconds} s, although sweeps are due: a schedule, a permission or the function is broken or switched off."
      metric     = local.requested
      is         = ["Sum", "absent", 0, 300]
      if_missing = "ACTIVE" # that is the very thing
    }
  }

  # Eventarc's subscriptions are of buckets, and have names of its own.
  alarms_of_eventarc = { for key, b in local.buckets : "eventarc-${key}" => {
    waiting = {
      says       = "The oldest event of the bucket ${b.name} has waited for more than ${var.alarms.waiting_seconds} s: every run fails, or one never ends. See the alarms failed and errors, and dagferry status."
      metric     = "${local.pubsub.oldest_unacked_message_age} AND resource.labels.subscription_id=one_of(${join(", ", [for pair in local.triggers : "\"${basename(local.eventarc_subscriptions[pair.key])}\"" if pair.bucket == key])})"
      is         = ["Gauge", ">", var.alarms.waiting_seconds, 300]
      if_missing = "INACTIVE"
    }
  } if b.trigger == "eventarc" }

  alarms = merge(
    { for kind, alarm in local.alarms_of_the_function : kind => alarm if kind != "silent" || length(local.sweeps) > 0 && var.alarms.silent_seconds > 0 },
    [for name, alarms in merge(local.alarms_of_targets, local.alarms_of_eventarc) : {
      for kind, alarm in alarms : "${name}-${kind}" => alarm if kind != "rejected" || var.alarms.rejected
    }]...
  )
}

resource "google_monitoring_alert_policy" "all" {
  for_each = { for key, alarm in local.alarms : key => alarm if var.alarms.enabled }

  display_name          = "${var.name}-${each.key}"
  combiner              = "OR"
  notification_channels = var.alarms.notification_channels
  user_labels           = local.labels

  documentation {
    content   = each.value.says
    mime_type = "text/markdown"
  }

  conditions {
    display_name = each.key

    dynamic "condition_threshold" {
      for_each = each.value.is[1] == "absent" ? [] : [each.value]
      content {
        filter                  = condition_threshold.value.metric
        comparison              = condition_threshold.value.is[1] == ">" ? "COMPARISON_GT" : "COMPARISON_LT"
        threshold_value         = condition_threshold.value.is[2]
        duration                = "60s" # the least with which the absence of data can mean something
        evaluation_missing_data = "EVALUATION_MISSING_DATA_${condition_threshold.value.if_missing}"
        aggregations {
          alignment_period     = "${condition_threshold.value.is[3]}s"
          per_series_aligner   = local.aggregated[condition_threshold.value.is[0]][0]
          cross_series_reducer = local.aggregated[condition_threshold.value.is[0]][1]
        }
      }
    }

    dynamic "condition_absent" {
      for_each = each.value.is[1] == "absent" ? [each.value] : []
      content {
        filter   = condition_absent.value.metric
        duration = "${var.alarms.silent_seconds}s"
        aggregations {
          alignment_period     = "${condition_absent.value.is[3]}s"
          per_series_aligner   = local.aggregated[condition_absent.value.is[0]][0]
          cross_series_reducer = local.aggregated[condition_absent.value.is[0]][1]
        }
      }
    }
  }

  # A policy for a metric that is not there yet is refused; it may take ten minutes more until it is known (README).
  depends_on = [google_logging_metric.runs, google_logging_metric.values, google_logging_metric.errors]
}
