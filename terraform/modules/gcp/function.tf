# The function, in one of two resources. google_cloudfunctions2_function has the platform compile an archive of source,
# and runs no image. google_cloud_run_v2_service runs an image; it has a block for source, too, but nothing compiles that
# (the block is there for services that began as functions). Both end as a Cloud Run service of the same name, which is what
# permissions, subscriptions, logs and metrics go by.

locals {
  from_image = var.package.image != null

  service = {
    name = var.name
    uri  = one(concat(google_cloudfunctions2_function.sync[*].service_config[0].uri, google_cloud_run_v2_service.sync[*].uri))
  }

  too_long = "The configuration is too long for the function's environment, which holds 32 KiB. Set configuration = { place = \"object\" }."
}

# Its name changes with its contents, and the function with its name.
resource "google_storage_bucket_object" "package" {
  count = var.package.path == null ? 0 : 1

  bucket = local.state_bucket
  name   = "${var.state.prefix}packages/${var.name}-${filesha256(var.package.path)}.zip"
  source = var.package.path

  depends_on = [google_storage_bucket.state]
}

resource "google_cloudfunctions2_function" "sync" {
  #checkov:skip=CKV_GCP_124:function.ingress opens it; the permission to call it stays
  count = local.from_image ? 0 : 1

  name        = var.name
  location    = var.region
  description = "Takes Airflow DAGs from Cloud Storage to Astro (dagferry)"
  labels      = local.labels

  build_config {
    runtime         = var.function.runtime
    entry_point     = "Sync"
    service_account = var.function.build_service_account
    source {
      storage_source {
        bucket     = var.package.path == null ? var.package.object.bucket : google_storage_bucket_object.package[0].bucket
        object     = var.package.path == null ? var.package.object.name : google_storage_bucket_object.package[0].name
        generation = var.package.path == null ? var.package.object.generation : null
      }
    }
  }

  service_config {
    service_account_email = google_service_account.function.email
    available_memory      = "${var.function.memory_mb}Mi"
    available_cpu         = tostring(var.function.cpu)
    timeout_seconds       = var.function.timeout_seconds
    # One run for each target at a time is the process's to see to; the lease is for the moments when there are two.
    max_instance_count               = 1
    max_instance_request_concurrency = 80
    all_traffic_on_latest_revision   = true
    ingress_settings                 = var.function.ingress == "internal" ? "ALLOW_INTERNAL_ONLY" : "ALLOW_ALL"
    environment_variables            = local.environment
    vpc_connector                    = try(var.vpc.connector, null)
    vpc_connector_egress_settings    = var.vpc == null ? null : var.vpc.all_traffic ? "ALL_TRAFFIC" : "PRIVATE_RANGES_ONLY"
  }

  lifecycle {
    precondition {
      condition     = local.environment_length <= 32768 - 1024
      error_message = local.too_long
    }
  }

  depends_on = [google_storage_bucket_object.configuration]
}

resource "google_cloud_run_v2_service" "sync" {
  count = local.from_image ? 1 : 0

  name                = var.name
  location            = var.region
  description         = "Takes Airflow DAGs from Cloud Storage to Astro (dagferry)"
  ingress             = var.function.ingress == "internal" ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_ALL"
  deletion_protection = false # there is nothing in it to be lost
  labels              = local.labels

  template {
    service_account                  = google_service_account.function.email
    timeout                          = "${var.function.timeout_seconds}s"
    max_instance_request_concurrency = 80
    labels                           = local.labels

    scaling {
      max_instance_count = 1 # as above
    }

    containers {
      image = var.package.image

      resources {
        cpu_idle          = !coalesce(var.function.cpu_always, true)
        startup_cpu_boost = true
        limits = {
          cpu    = tostring(var.function.cpu)
          memory = "${var.function.memory_mb}Mi"
        }
      }

      dynamic "env" {
        for_each = local.environment
        content {
          name  = env.key
          value = env.value
        }
      }
    }

    dynamic "vpc_access" {
      for_each = var.vpc[*]
      content {
        connector = vpc_access.value.connector
        egress    = vpc_access.value.all_traffic ? "ALL_TRAFFIC" : "PRIVATE_RANGES_ONLY"

        dynamic "network_interfaces" {
          for_each = vpc_access.value.connector == null ? [vpc_access.value] : []
          content {
            network    = network_interfaces.value.network
            subnetwork = network_interfaces.value.subnetwork
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.environment_length <= 32768 - 1024
      error_message = local.too_long
    }
  }

  depends_on = [google_storage_bucket_object.configuration]
}

# Entries of one project need no permission to go from its router into its bucket.
resource "google_logging_project_bucket_config" "function" {
  count = var.logs.retention_days == null ? 0 : 1

  project        = local.project
  location       = var.region
  bucket_id      = var.name
  description    = "The log of the function ${var.name}"
  retention_days = var.logs.retention_days
}

resource "google_logging_project_sink" "function" {
  count = var.logs.retention_days == null ? 0 : 1

  name        = var.name
  description = "Keeps the log of the function ${var.name}"
  destination = "logging.googleapis.com/${google_logging_project_bucket_config.function[0].id}"
  filter      = local.log_filter
}
