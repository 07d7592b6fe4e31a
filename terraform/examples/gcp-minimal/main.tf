# One bucket, one Deployment. README.md goes from nothing to a first deploy.
terraform {
  required_version = ">= 1.9"
  required_providers {
    google = { source = "hashicorp/google", version = "~> 6.0" }
  }
}

provider "google" { project = var.project }

module "dagferry" {
  source = "../../modules/gcp"

  region  = var.region
  package = { path = var.package }
  buckets = { dags = { name = var.bucket, create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "dags/" }]
      deployment = var.deployment
      token      = { secret_id = var.token_secret_id }
    }
  }
}
