# A sweep compares the bucket with Astro although nothing happened: it repairs what was lost, and notices what people
# changed at Astro. It is a call and no message: one that is lost is made up for by the next.

locals {
  sweeps = { for name, t in var.targets : name => t.sweep if t.sweep != "" }
}

resource "google_cloud_scheduler_job" "sweep" {
  for_each = local.sweeps

  name             = "${var.name}-${each.key}"
  region           = var.region
  description      = "Compare what ${each.key} has at Astro with its bucket"
  schedule         = each.value
  time_zone        = "Etc/UTC"
  attempt_deadline = "${var.function.timeout_seconds}s"

  http_target {
    uri         = local.service.uri
    http_method = "POST"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode({ dagferry = { sweep = each.key } }))

    oidc_token {
      service_account_email = google_service_account.invoker.email
      audience              = local.service.uri
    }
  }

  retry_config {
    retry_count          = 3
    min_backoff_duration = "30s"
    max_backoff_duration = "60s"
    max_retry_duration   = "300s" # the next sweep does the same
  }

  depends_on = [google_cloud_run_v2_service_iam_member.invoker]
}
