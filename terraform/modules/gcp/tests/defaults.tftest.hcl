# What the module makes when it is told no more than it must be.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  region  = "europe-north1"
  package = { path = "tests/empty.zip" }
  buckets = { acme-dags = { create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "acme-dags", prefix = "prod/dags/" }]
      deployment = "clxprod"
      token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
    }
  }
}

run "function" {
  assert {
    condition = (
      google_cloudfunctions2_function.sync[0].build_config[0].runtime == "go126" && google_cloudfunctions2_function.sync[0].build_config[0].entry_point == "Sync" &&
      google_cloudfunctions2_function.sync[0].service_config[0].available_memory == "2048Mi" && google_cloudfunctions2_function.sync[0].service_config[0].available_cpu == "1" &&
      google_cloudfunctions2_function.sync[0].service_config[0].timeout_seconds == 1200 && google_cloudfunctions2_function.sync[0].location == "europe-north1"
    )
    error_message = "the function is an archive of Go, with 2 GB, one processor and a time-out for two runs"
  }
  assert {
    condition     = google_cloudfunctions2_function.sync[0].service_config[0].max_instance_count == 1 && google_cloudfunctions2_function.sync[0].service_config[0].max_instance_request_concurrency == 80
    error_message = "one instance, and many requests"
  }
  assert {
    condition     = google_cloudfunctions2_function.sync[0].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY" && google_cloudfunctions2_function.sync[0].service_config[0].service_account_email == google_service_account.function.email
    error_message = "nobody from outside reaches it, and it has an account of its own"
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync[0].build_config[0].source[0].storage_source[0].bucket == "dagferry-state-123456789012" &&
      google_cloudfunctions2_function.sync[0].build_config[0].source[0].storage_source[0].object == "state/packages/dagferry-${filesha256("tests/empty.zip")}.zip" &&
      google_storage_bucket_object.package[0].source == "tests/empty.zip"
    )
    error_message = "the package is an object that is named by its contents"
  }
  assert {
    condition     = length(google_cloud_run_v2_service.sync) == 0 && google_cloudfunctions2_function.sync[0].service_config[0].vpc_connector == null && length(google_logging_project_sink.function) == 0
    error_message = "no image, no VPC, and the project's log"
  }
}

run "configuration" {
  assert {
    condition = yamldecode(google_cloudfunctions2_function.sync[0].service_config[0].environment_variables["DAGFERRY_CONFIG"]) == {
      version = 1
      targets = [{
        name       = "prod"
        deployment = "clxprod"
        sources    = [{ url = "gs://acme-dags/prod/dags/" }]
        token      = "gcp-secret://projects/acme/secrets/dagferry-prod"
        state      = "gs://dagferry-state-123456789012/state/"
      }]
    }
    error_message = "dagferry.yaml has the target and nothing that was not asked for"
  }
  assert {
    condition     = keys(google_cloudfunctions2_function.sync[0].service_config[0].environment_variables) == tolist(["DAGFERRY_CONFIG"]) && output.configuration == google_cloudfunctions2_function.sync[0].service_config[0].environment_variables["DAGFERRY_CONFIG"]
    error_message = "the function reads its environment, and the output says the same"
  }
}

run "queue" {
  assert {
    condition = (
      google_pubsub_subscription.events["prod"].topic == google_pubsub_topic.events["prod"].id && google_pubsub_subscription.events["prod"].ack_deadline_seconds == 600 &&
      google_pubsub_subscription.events["prod"].retry_policy[0].minimum_backoff == "10s" && google_pubsub_subscription.events["prod"].retry_policy[0].maximum_backoff == "30s"
    )
    error_message = "Pub/Sub waits for as long as it can, and comes again soon"
  }
  assert {
    condition = (
      google_pubsub_subscription.events["prod"].push_config[0].push_endpoint == "https://dagferry-mocked.a.run.app" &&
      google_pubsub_subscription.events["prod"].push_config[0].oidc_token[0].service_account_email == google_service_account.invoker.email &&
      google_pubsub_subscription.events["prod"].push_config[0].oidc_token[0].audience == "https://dagferry-mocked.a.run.app"
    )
    error_message = "it calls the function as the account that may"
  }
  assert {
    condition     = google_pubsub_subscription.events["prod"].dead_letter_policy[0].max_delivery_attempts == 100 && google_pubsub_subscription.events["prod"].dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead["prod"].id
    error_message = "a message is given up after a hundred attempts"
  }
  assert {
    condition     = google_pubsub_subscription.dead["prod"].topic == google_pubsub_topic.dead["prod"].id && google_pubsub_subscription.dead["prod"].message_retention_duration == "1209600s" && length(google_pubsub_subscription.dead["prod"].push_config) == 0
    error_message = "given-up messages stay for two weeks"
  }
  assert {
    condition     = alltrue([for s in [google_pubsub_subscription.events["prod"], google_pubsub_subscription.dead["prod"]] : s.expiration_policy[0].ttl == ""])
    error_message = "no subscription goes by itself"
  }
}

run "bucket" {
  assert {
    condition = (
      google_storage_bucket.dags["acme-dags"].name == "acme-dags" && google_storage_bucket.dags["acme-dags"].force_destroy == false &&
      google_storage_bucket.dags["acme-dags"].location == "europe-north1" && google_storage_bucket.dags["acme-dags"].versioning[0].enabled && length(google_storage_bucket.dags["acme-dags"].encryption) == 0
    )
    error_message = "a bucket that the module makes has versions"
  }
  assert {
    condition     = alltrue([for b in [google_storage_bucket.dags["acme-dags"], google_storage_bucket.state[0]] : b.uniform_bucket_level_access && b.public_access_prevention == "enforced" && b.versioning[0].enabled])
    error_message = "nothing is public"
  }
  assert {
    condition     = [for rule in google_storage_bucket.dags["acme-dags"].lifecycle_rule : [one(rule.action).type, one(rule.condition).days_since_noncurrent_time, one(rule.condition).with_state] if one(rule.action).type == "Delete"] == [["Delete", 30, "ARCHIVED"]]
    error_message = "replaced and deleted files stay for a month, and nothing else goes"
  }
}

run "state" {
  assert {
    condition     = google_storage_bucket.state[0].name == "dagferry-state-123456789012" && output.state_urls == { prod = "gs://dagferry-state-123456789012/state/" }
    error_message = "the state has a bucket of its own"
  }
  assert {
    condition = jsonencode([for rule in google_storage_bucket.state[0].lifecycle_rule : [one(rule.condition).matches_prefix, one(rule.condition).age, one(rule.condition).days_since_noncurrent_time]]) == jsonencode([
      [["state/clxprod/runs/"], 90, null],
      [["state/clxprod/validator/"], 1, null],
      [["state/clxprod/cache/", "state/clxprod/validator/"], null, 1],
      [null, null, 30],
    ])
    error_message = "run records expire, and bundles for a validator that were left, and nothing else of the state that is current"
  }
}

run "sweep" {
  assert {
    condition = (
      google_cloud_scheduler_job.sweep["prod"].schedule == "*/10 * * * *" && google_cloud_scheduler_job.sweep["prod"].attempt_deadline == "1200s" &&
      jsondecode(base64decode(google_cloud_scheduler_job.sweep["prod"].http_target[0].body)) == { dagferry = { sweep = "prod" } }
    )
    error_message = "a sweep every ten minutes"
  }
  assert {
    condition = (
      google_cloud_scheduler_job.sweep["prod"].http_target[0].uri == "https://dagferry-mocked.a.run.app" && google_cloud_scheduler_job.sweep["prod"].http_target[0].oidc_token[0].audience == "https://dagferry-mocked.a.run.app" &&
      google_cloud_scheduler_job.sweep["prod"].http_target[0].oidc_token[0].service_account_email == google_service_account.invoker.email
    )
    error_message = "as the account that may call"
  }
}

run "alarms" {
  assert {
    condition = { for key, alarm in google_monitoring_alert_policy.all : key => try(alarm.conditions[0].condition_threshold[0].evaluation_missing_data, "absent") } == {
      errors            = "EVALUATION_MISSING_DATA_INACTIVE"
      throttles         = "EVALUATION_MISSING_DATA_INACTIVE"
      silent            = "absent"
      prod-dead-letters = "EVALUATION_MISSING_DATA_INACTIVE"
      prod-waiting      = "EVALUATION_MISSING_DATA_INACTIVE"
      prod-lag          = "EVALUATION_MISSING_DATA_INACTIVE"
      prod-rejected     = "EVALUATION_MISSING_DATA_INACTIVE"
      prod-denied       = "EVALUATION_MISSING_DATA_INACTIVE"
      prod-failed       = "EVALUATION_MISSING_DATA_INACTIVE"
      prod-token-days   = "EVALUATION_MISSING_DATA_NO_OP"
    }
    error_message = "the alarms, and what the absence of data means to each"
  }
  assert {
    condition = (
      google_monitoring_alert_policy.all["prod-rejected"].conditions[0].condition_threshold[0].filter == "metric.type=\"logging.googleapis.com/user/dagferry/Runs\" AND resource.type=\"cloud_run_revision\" AND metric.labels.Target=\"prod\" AND metric.labels.Outcome=\"rejected\"" &&
      google_monitoring_alert_policy.all["prod-token-days"].conditions[0].condition_threshold[0].comparison == "COMPARISON_LT" && google_monitoring_alert_policy.all["prod-token-days"].conditions[0].condition_threshold[0].threshold_value == 14 &&
      google_monitoring_alert_policy.all["silent"].conditions[0].condition_absent[0].duration == "10800s"
    )
    error_message = "they watch what the function tells"
  }
  assert {
    condition = strcontains(google_monitoring_alert_policy.all["prod-dead-letters"].conditions[0].condition_threshold[0].filter, "subscription_id=\"dagferry-prod-dead\"") && strcontains(
    google_monitoring_alert_policy.all["prod-waiting"].conditions[0].condition_threshold[0].filter, "oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"dagferry-prod\"")
    error_message = "and what Pub/Sub tells"
  }
  assert {
    condition     = [for tile in jsondecode(google_monitoring_dashboard.overview[0].dashboard_json).mosaicLayout.tiles : [lookup(tile, "xPos", 0), lookup(tile, "yPos", 0)]] == [for i in range(11) : [i % 2 * 6, floor(i / 2) * 4]]
    error_message = "the dashboard has its panels, two in a row"
  }
}

run "metrics" {
  assert {
    condition     = google_logging_metric.runs.name == "dagferry/Runs" && google_logging_metric.runs.label_extractors == tomap({ Target = "EXTRACT(jsonPayload.Target)", Outcome = "EXTRACT(jsonPayload.Outcome)" })
    error_message = "runs are counted by target and outcome"
  }
  assert {
    condition = { for name, m in google_logging_metric.values : m.name => m.value_extractor } == {
      "dagferry/LagSeconds"    = "EXTRACT(jsonPayload.LagSeconds)"
      "dagferry/DeploySeconds" = "EXTRACT(jsonPayload.DeploySeconds)"
      "dagferry/Files"         = "EXTRACT(jsonPayload.Files)"
      "dagferry/Bytes"         = "EXTRACT(jsonPayload.Bytes)"
      "dagferry/Requests"      = "EXTRACT(jsonPayload.Requests)"
      "dagferry/TokenDaysLeft" = "EXTRACT(jsonPayload.TokenDaysLeft)"
    }
    error_message = "the others are values of the same line"
  }
  assert {
    condition     = alltrue([for m in concat(values(google_logging_metric.values), [google_logging_metric.runs, google_logging_metric.errors]) : startswith(m.filter, "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"dagferry\" AND resource.labels.location=\"europe-north1\" AND ")])
    error_message = "of this function, and of no other"
  }
  assert {
    condition     = alltrue([for i in range(1, 20) : google_logging_metric.values["LagSeconds"].bucket_options[0].explicit_buckets[0].bounds[i] > google_logging_metric.values["LagSeconds"].bucket_options[0].explicit_buckets[0].bounds[i - 1] if i < length(google_logging_metric.values["LagSeconds"].bucket_options[0].explicit_buckets[0].bounds)])
    error_message = "bounds grow"
  }
}

run "labels" {
  variables {
    labels = { team = "data" }
  }
  assert {
    condition = alltrue([for labels in concat(
      [for r in google_storage_bucket.dags : r.labels], [for r in google_storage_bucket.state : r.labels], [for r in google_pubsub_topic.events : r.labels], [for r in google_pubsub_topic.dead : r.labels],
      [for r in google_pubsub_subscription.events : r.labels], [for r in google_pubsub_subscription.dead : r.labels], [for r in google_monitoring_alert_policy.all : r.user_labels],
      [for r in google_cloudfunctions2_function.sync : r.labels],
    ) : labels == tomap({ dagferry = "dagferry", team = "data" })])
    error_message = "everything has the labels"
  }
  assert {
    condition     = jsondecode(google_monitoring_dashboard.overview[0].dashboard_json).labels == { dagferry_dagferry = "", team_data = "" }
    error_message = "and the dashboard has words of them"
  }
}
