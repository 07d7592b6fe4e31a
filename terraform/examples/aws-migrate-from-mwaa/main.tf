# An MWAA environment's bucket, left as it is, feeds an Astro Deployment too. Both run side by side until MWAA goes.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

module "dagferry" {
  source = "../../modules/aws"

  name    = "dagferry-mwaa"
  package = { path = var.package }

  buckets = {
    mwaa = {
      name        = var.mwaa_bucket
      kms_key_arn = var.mwaa_kms_key_arn
      # EventBridge leaves the notifications that the bucket may have to their owner. README.md says how it is switched on.
      trigger                    = "eventbridge"
      manage_bucket_notification = false
    }
  }

  targets = {
    prod = {
      # Only the DAGs: plugins.zip and requirements.txt belong into the Deployment's image.
      sources    = [{ bucket = "mwaa", prefix = var.mwaa_dags_prefix }]
      deployment = var.deployment
      token      = { secret_arn = var.token_secret_arn }
      settings   = yamlencode({ guard = { maxDeleted = "20%" } })
    }
  }

  tags = { migration = "mwaa" }
}
