# Each thing that can be switched on or off.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  region  = "europe-north1"
  package = { path = "tests/empty.zip" }
  buckets = { dags = { name = "acme-dags", create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
      deployment = "clxprod"
      token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
    }
  }
}

run "key" {
  variables {
    kms_key_name = "projects/acme/locations/europe-north1/keyRings/data/cryptoKeys/dags"
  }
  assert {
    condition = (
      alltrue([for topic in [google_pubsub_topic.events["prod"], google_pubsub_topic.dead["prod"]] : topic.kms_key_name == var.kms_key_name]) &&
      alltrue([for b in [google_storage_bucket.dags["dags"], google_storage_bucket.state[0]] : b.encryption[0].default_kms_key_name == var.kms_key_name])
    )
    error_message = "topics and buckets have the key"
  }
  assert {
    condition     = output.service_agents == { storage = "service-123456789012@gs-project-accounts.iam.gserviceaccount.com", pubsub = "service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com" }
    error_message = "whom the key has to allow"
  }
}

run "function" {
  variables {
    function = {
      memory_mb             = 8192, cpu = 2, timeout_seconds = 1800, ingress = "all", runtime = "go127"
      environment           = { ASTRO_API_URL = "https://api.acme.astronomer.io" }
      build_service_account = "projects/acme/serviceAccounts/builder@acme.iam.gserviceaccount.com"
    }
    vpc  = { connector = "projects/acme/locations/europe-north1/connectors/c", all_traffic = true }
    logs = { retention_days = 365 }
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync[0].service_config[0].available_memory == "8192Mi" && google_cloudfunctions2_function.sync[0].service_config[0].available_cpu == "2" &&
      google_cloudfunctions2_function.sync[0].service_config[0].timeout_seconds == 1800 && google_cloudfunctions2_function.sync[0].service_config[0].ingress_settings == "ALLOW_ALL" &&
      google_cloudfunctions2_function.sync[0].build_config[0].runtime == "go127" && google_cloudfunctions2_function.sync[0].build_config[0].service_account == "projects/acme/serviceAccounts/builder@acme.iam.gserviceaccount.com" &&
      google_cloudfunctions2_function.sync[0].service_config[0].environment_variables["ASTRO_API_URL"] == "https://api.acme.astronomer.io"
    )
    error_message = "the function is as it was asked for"
  }
  assert {
    condition     = google_cloud_scheduler_job.sweep["prod"].attempt_deadline == "1800s"
    error_message = "the Scheduler waits for as long as the function may take"
  }
  assert {
    condition     = google_cloudfunctions2_function.sync[0].service_config[0].vpc_connector == "projects/acme/locations/europe-north1/connectors/c" && google_cloudfunctions2_function.sync[0].service_config[0].vpc_connector_egress_settings == "ALL_TRAFFIC"
    error_message = "through the VPC"
  }
  assert {
    condition     = google_logging_project_bucket_config.function[0].retention_days == 365 && google_logging_project_bucket_config.function[0].location == "europe-north1" && google_logging_project_sink.function[0].filter == output.log_filter
    error_message = "the log is kept as asked"
  }
}

run "package_in_a_bucket" {
  variables {
    package = { object = { bucket = "acme-releases", name = "dagferry/1.2.3/gcssync.zip", generation = 7 } }
  }
  assert {
    condition = (
      google_cloudfunctions2_function.sync[0].build_config[0].source[0].storage_source[0].bucket == "acme-releases" && google_cloudfunctions2_function.sync[0].build_config[0].source[0].storage_source[0].generation == 7 &&
      google_cloudfunctions2_function.sync[0].build_config[0].source[0].storage_source[0].object == "dagferry/1.2.3/gcssync.zip" && length(google_storage_bucket_object.package) == 0
    )
    error_message = "the archive is taken from the bucket"
  }
}

run "package_as_image" {
  variables {
    package = { image = "europe-north1-docker.pkg.dev/acme/dagferry/gcssync@sha256:00" }
    vpc     = { network = "default", subnetwork = "functions" }
  }
  assert {
    condition = (
      length(google_cloudfunctions2_function.sync) == 0 && length(google_storage_bucket_object.package) == 0 &&
      google_cloud_run_v2_service.sync[0].template[0].containers[0].image == "europe-north1-docker.pkg.dev/acme/dagferry/gcssync@sha256:00"
    )
    error_message = "an image is run by Cloud Run itself, and nothing is compiled"
  }
  assert {
    condition = (
      google_cloud_run_v2_service.sync[0].template[0].scaling[0].max_instance_count == 1 && google_cloud_run_v2_service.sync[0].template[0].max_instance_request_concurrency == 80 &&
      google_cloud_run_v2_service.sync[0].template[0].timeout == "1200s" && google_cloud_run_v2_service.sync[0].template[0].containers[0].resources[0].limits == tomap({ cpu = "1", memory = "2048Mi" })
    )
    error_message = "one instance, many requests, and the same room as a function"
  }
  assert {
    condition     = google_cloud_run_v2_service.sync[0].template[0].containers[0].resources[0].cpu_idle == false
    error_message = "the processor is there when no request is"
  }
  assert {
    condition     = google_cloud_run_v2_service.sync[0].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && google_cloud_run_v2_service.sync[0].deletion_protection == false && google_cloud_run_v2_service.sync[0].template[0].service_account == google_service_account.function.email
    error_message = "nobody from outside reaches it, and terraform destroy does"
  }
  assert {
    condition     = [for e in google_cloud_run_v2_service.sync[0].template[0].containers[0].env : [e.name, e.value]] == [["DAGFERRY_CONFIG", output.configuration]]
    error_message = "it reads the same environment"
  }
  assert {
    condition     = google_cloud_run_v2_service.sync[0].template[0].vpc_access[0].network_interfaces[0].subnetwork == "functions" && google_cloud_run_v2_service.sync[0].template[0].vpc_access[0].egress == "PRIVATE_RANGES_ONLY"
    error_message = "directly in the network"
  }
  assert {
    condition     = google_pubsub_subscription.events["prod"].push_config[0].push_endpoint == "https://dagferry-mocked.a.run.app" && output.function_name == "dagferry"
    error_message = "and is called the same way"
  }
}

run "processor_with_requests_only" {
  variables {
    package  = { image = "europe-north1-docker.pkg.dev/acme/dagferry/gcssync:1.2.3" }
    function = { cpu_always = false }
  }
  assert {
    condition     = google_cloud_run_v2_service.sync[0].template[0].containers[0].resources[0].cpu_idle
    error_message = "an image may do without the processor between requests, too"
  }
}

run "state_of_yours" {
  variables {
    state   = { create = false, name = "acme-state", prefix = "dagferry/" }
    buckets = { dags = { name = "acme-dags" } }
  }
  assert {
    condition     = length(google_storage_bucket.state) == 0 && output.state_urls == { prod = "gs://acme-state/dagferry/" }
    error_message = "the bucket is left alone"
  }
  assert {
    condition     = google_storage_bucket_iam_member.state["prod"].bucket == "acme-state" && endswith(google_storage_bucket_iam_member.state["prod"].condition[0].expression, "startsWith(\"projects/_/buckets/acme-state/objects/dagferry/clxprod/\")")
    error_message = "permissions end at the prefix"
  }
  assert {
    condition     = startswith(google_storage_bucket_object.package[0].name, "dagferry/packages/") && google_storage_bucket_object.package[0].bucket == "acme-state"
    error_message = "the package lies there, where the function cannot write"
  }
}

run "configuration_in_an_object" {
  variables {
    configuration = { place = "object" }
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
        settings   = <<-EOT
          settle: 5s
          guard: {minFiles: 3}
          check: {onFailure: warn, exclude: ["templates/**"]}
        EOT
      }
    }
  }
  assert {
    condition = google_cloudfunctions2_function.sync[0].service_config[0].environment_variables == tomap({ DAGFERRY_CONFIG_FILE = "gs://dagferry-state-123456789012/state/dagferry.yaml" }) && google_storage_bucket_object.configuration[0].name == (
    "state/dagferry.yaml")
    error_message = "the function is told where it is"
  }
  assert {
    condition     = yamldecode(google_storage_bucket_object.configuration[0].content).targets[0].guard.minFiles == 3 && yamldecode(google_storage_bucket_object.configuration[0].content).targets[0].check.exclude == ["templates/**"]
    error_message = "with the settings"
  }
}

run "alarms" {
  variables {
    alarms = {
      notification_channels = ["projects/acme/notificationChannels/1"], lag_seconds = 400, waiting_seconds = 3600
      token_days            = 20, silent_seconds = 0, rejected = false
    }
    dashboard = false
  }
  assert {
    condition     = length(google_monitoring_alert_policy.all) == 8 && !contains(keys(google_monitoring_alert_policy.all), "prod-rejected") && !contains(keys(google_monitoring_alert_policy.all), "silent")
    error_message = "without those that are not wanted"
  }
  assert {
    condition     = alltrue([for alarm in google_monitoring_alert_policy.all : alarm.notification_channels == tolist(["projects/acme/notificationChannels/1"])])
    error_message = "the channel is told"
  }
  assert {
    condition     = [for key in ["prod-lag", "prod-waiting", "prod-token-days"] : google_monitoring_alert_policy.all[key].conditions[0].condition_threshold[0].threshold_value] == [400, 3600, 20]
    error_message = "at the thresholds that were asked for"
  }
  assert {
    condition     = contains(google_logging_metric.values["LagSeconds"].bucket_options[0].explicit_buckets[0].bounds, 400) && contains(google_logging_metric.values["TokenDaysLeft"].bucket_options[0].explicit_buckets[0].bounds, 20)
    error_message = "which are bounds of the histograms: a percentile is exact to its bucket"
  }
  assert {
    condition     = length(google_monitoring_dashboard.overview) == 0
    error_message = "no dashboard"
  }
}

run "no_alarms" {
  command = plan
  variables {
    alarms = { enabled = false }
  }
  assert {
    condition     = length(google_monitoring_alert_policy.all) == 0
    error_message = "no alarms"
  }
}

run "forced_destroy" {
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", create = true, location = "EU", force_destroy = true, noncurrent_days = 7 } }
    state   = { force_destroy = true, name = "acme-dagferry-state", runs_days = 30 }
  }
  assert {
    condition     = google_storage_bucket.dags["dags"].force_destroy && google_storage_bucket.state[0].force_destroy && google_storage_bucket.state[0].name == "acme-dagferry-state" && google_storage_bucket.dags["dags"].location == "eu"
    error_message = "buckets that go with their contents"
  }
  assert {
    condition     = one(google_storage_bucket.dags["dags"].lifecycle_rule[0].condition).days_since_noncurrent_time == 7 && one(google_storage_bucket.state[0].lifecycle_rule[0].condition).age == 30
    error_message = "and keep things for as long as asked"
  }
}
