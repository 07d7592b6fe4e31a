# A development and a production Deployment, composed of three places: each environment's own DAGs, a library that both
# share, and the DAGs of another team, which has a bucket in an account of its own.
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

  package = { path = var.package }

  buckets = {
    # Both Deployments have shared/, and S3 cannot tell one upload to two queues: EventBridge can.
    platform = { name = var.platform_bucket, create = true, trigger = "eventbridge" }

    # Its owner forwards its events to this account's default bus, or leaves it to the sweeps.
    ml = {
      name                       = var.ml_bucket.name
      account_id                 = var.ml_bucket.account_id
      role_arn                   = var.ml_bucket.role_arn
      trigger                    = "eventbridge"
      manage_bucket_notification = false
    }
  }

  targets = {
    dev = {
      sources = [
        { bucket = "platform", prefix = "dev/dags/" },
        { bucket = "platform", prefix = "shared/", mount = "shared" },
        { bucket = "ml", prefix = "dev/", mount = "ml" },
      ]
      deployment = var.deployments.dev
      token      = { secret_arn = var.token_secret_arns.dev }
      sweep      = "rate(5 minutes)"
      settings   = yamlencode({ check = { onFailure = "warn" } }) # here DAGs may break
    }

    prod = {
      sources = [
        { bucket = "platform", prefix = "prod/dags/" },
        { bucket = "platform", prefix = "shared/", mount = "shared" },
        { bucket = "ml", prefix = "prod/", mount = "ml" },
      ]
      deployment = var.deployments.prod
      token      = { secret_arn = var.token_secret_arns.prod }
      settings   = yamlencode({ guard = { minFiles = 10, maxDeleted = "20%" } })
    }
  }

  alarms = { sns_topic_arns = [aws_sns_topic.data_platform.arn] }
  logs   = { retention_days = 365 }
  tags   = { team = "data-platform" }
}

resource "aws_sns_topic" "data_platform" {
  #checkov:skip=CKV_AWS_26:alarms name targets and thresholds; CloudWatch cannot publish under the key that AWS manages
  name = "dagferry-alarms"
  tags = { team = "data-platform" }
}

resource "aws_sns_topic_subscription" "data_platform" {
  topic_arn = aws_sns_topic.data_platform.arn
  protocol  = "email"
  endpoint  = var.email
}
