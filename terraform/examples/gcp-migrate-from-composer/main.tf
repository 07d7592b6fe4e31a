# A Cloud Composer environment's bucket, left as it is, feeds an Astro Deployment too. Both run side by side until Composer goes.
terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.0"
    }
  }
}

provider "google" {
  project = var.project
}

module "dagferry" {
  source = "../../modules/gcp"

  name    = "dagferry-composer"
  region  = var.region
  package = { path = var.package }

  buckets = {
    composer = {
      name = var.composer_bucket
      # A notification of the DAGs' folder beside those that the bucket may have. Eventarc would tell of every log file that
      # a task writes.
      trigger           = "pubsub"
      manage_bucket_iam = var.uniform_access
    }
  }

  targets = {
    prod = {
      # Only the DAGs: plugins/ and PyPI packages belong into the Deployment's image, data/ and logs/ nowhere.
      sources    = [{ bucket = "composer", prefix = "dags/" }]
      deployment = var.deployment
      token      = { secret_id = var.token_secret_id }
      settings = yamlencode({
        guard  = { maxDeleted = "20%" }
        ignore = ["__pycache__/", "*.pyc", "/airflow_monitoring.py"] # the defaults, and Composer's own DAG
      })
    }
  }

  labels = { migration = "composer" }
}
