# Metrics of the function's log: it writes a line for the end of each run, with fields of these names.

locals {
  in_cloud_run = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}\""
  log_filter   = "${local.in_cloud_run} AND resource.labels.location=\"${var.region}\""

  # Bounds of a histogram's buckets. A percentile is somewhere in the bucket of its value: what an alarm compares with has
  # to be a bound.
  bounds = {
    LagSeconds    = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 172800, var.alarms.lag_seconds]
    DeploySeconds = [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 420, 600, 900]
    Files         = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000]
    Bytes         = [for i in range(10, 29) : pow(2, i)] # 1 KiB to 256 MiB
    Requests      = [1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000]
    TokenDaysLeft = [0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 730, 1825, var.alarms.token_days]
  }
  units = { LagSeconds = "s", DeploySeconds = "s", Files = "1", Bytes = "By", Requests = "1", TokenDaysLeft = "d" }
}

resource "google_logging_metric" "runs" {
  name        = "${var.name}/Runs"
  description = "Runs that ended, by target and outcome"
  filter      = "${local.log_filter} AND jsonPayload.Runs=1"

  label_extractors = {
    Target  = "EXTRACT(jsonPayload.Target)"
    Outcome = "EXTRACT(jsonPayload.Outcome)"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
    labels {
      key        = "Target"
      value_type = "STRING"
    }
    labels {
      key        = "Outcome"
      value_type = "STRING"
    }
  }
}

resource "google_logging_metric" "values" {
  for_each = local.bounds

  name            = "${var.name}/${each.key}"
  description     = "${each.key} of runs, by target"
  filter          = "${local.log_filter} AND jsonPayload.Runs=1 AND jsonPayload.${each.key}:*"
  value_extractor = "EXTRACT(jsonPayload.${each.key})"

  label_extractors = {
    Target = "EXTRACT(jsonPayload.Target)"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = local.units[each.key]
    labels {
      key        = "Target"
      value_type = "STRING"
    }
  }

  bucket_options {
    explicit_buckets {
      bounds = [for bound in sort(distinct([for n in each.value : format("%012d", n)])) : tonumber(bound)] # sort sorts texts
    }
  }
}

# 503 is how the function says that a message has to come back, and no error.
resource "google_logging_metric" "errors" {
  name        = "${var.name}/Errors"
  description = "The function failed as a whole"
  filter      = <<-EOT
    ${local.log_filter} AND (
      logName="projects/${local.project}/logs/run.googleapis.com%2Frequests" AND httpRequest.status=(500 OR 504) OR
      logName="projects/${local.project}/logs/run.googleapis.com%2Fvarlog%2Fsystem" AND severity>=ERROR
    )
  EOT

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}
