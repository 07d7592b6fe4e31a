# One bucket, one Deployment. README.md goes from nothing to a first deploy.
terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 6.0" }
  }
}

module "dagferry" {
  source = "../../modules/aws"

  package = { path = var.package }
  buckets = { dags = { name = var.bucket, create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "dags/" }]
      deployment = var.deployment
      token      = { secret_arn = var.token_secret_arn }
    }
  }
}
