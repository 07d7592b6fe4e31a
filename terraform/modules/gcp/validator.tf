# The service that imports DAGs, and so runs authors' code. Its account has no role, and all that it sends goes into a network without
# a way out. Only the function's account may call it.

locals {
  validator_name = "${var.name}-validator"
  # The address by name, number and region is known before the service is made.
  validator_url = var.validator == null ? null : "https://${local.validator_name}-${local.number}.${var.region}.run.app"
}

resource "google_service_account" "validator" {
  count = var.validator == null ? 0 : 1

  account_id   = "${var.name}-import"
  display_name = "${var.name}: imports"
  description  = "May do nothing: ${local.validator_name} runs authors' code"
}

resource "google_cloud_run_v2_service" "validator" {
  count = var.validator == null ? 0 : 1

  name                = local.validator_name
  location            = var.region
  description         = "Imports Airflow DAGs, and may do nothing else (dagferry)"
  ingress             = var.validator.ingress == "internal" ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_ALL"
  deletion_protection = false # there is nothing in it to be lost
  labels              = local.labels

  template {
    service_account                  = google_service_account.validator[0].email
    timeout                          = "${var.validator.seconds}s"
    max_instance_request_concurrency = 1 # one file at a time is imported
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    labels                           = local.labels

    scaling {
      max_instance_count = 3
    }

    containers {
      image = var.validator.image

      resources {
        cpu_idle          = true
        startup_cpu_boost = true
        limits = {
          cpu    = tostring(var.validator.cpu)
          memory = "${var.validator.memory_mb}Mi"
        }
      }
    }

    vpc_access {
      egress = "ALL_TRAFFIC"

      network_interfaces {
        network    = var.validator.network
        subnetwork = var.validator.subnetwork
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "own_validator" {
  count = var.validator == null ? 0 : 1

  project  = local.project
  location = var.region
  name     = google_cloud_run_v2_service.validator[0].name
  role     = "roles/run.invoker"
  member   = local.function_member
}
