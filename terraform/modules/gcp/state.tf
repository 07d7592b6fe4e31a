# Where dagferry keeps its state, where the module makes it. state.json is replaced and never deleted: a lease that was
# deleted would begin its fence anew.

resource "google_storage_bucket" "state" {
  #checkov:skip=CKV_GCP_62:only the function reads and writes it; Cloud Audit Logs say who else did
  count = var.state.create ? 1 : 0

  name                        = local.state_bucket
  location                    = var.region
  force_destroy               = var.state.force_destroy
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = local.labels

  versioning {
    enabled = true
  }

  # Only run records expire, and bundles for a validator that a function which was killed left. Manifests stay: without the one of what is live, a run cannot tell what it would delete, and
  # is rejected. They are small, and there is one for each content that was ever deployed.
  dynamic "lifecycle_rule" {
    for_each = var.targets
    content {
      action {
        type = "Delete"
      }
      condition {
        age            = var.state.runs_days
        with_state     = "LIVE"
        matches_prefix = ["${var.state.prefix}${lifecycle_rule.value.deployment}/runs/"]
      }
    }
  }

  dynamic "lifecycle_rule" { # the function removes them, unless it is killed
    for_each = var.targets
    content {
      action {
        type = "Delete"
      }
      condition {
        age            = 1
        with_state     = "LIVE"
        matches_prefix = ["${var.state.prefix}${lifecycle_rule.value.deployment}/validator/"]
      }
    }
  }

  dynamic "lifecycle_rule" { # the last bundle is written anew by each deploy, and nobody wants an older one, nor what a validator had
    for_each = var.targets
    content {
      action {
        type = "Delete"
      }
      condition {
        days_since_noncurrent_time = 1
        with_state                 = "ARCHIVED"
        matches_prefix             = [for folder in ["cache", "validator"] : "${var.state.prefix}${lifecycle_rule.value.deployment}/${folder}/"]
      }
    }
  }

  lifecycle_rule { # of state.json, some for each run; the current ones stay
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key_name[*]
    content {
      default_kms_key_name = encryption.value
    }
  }
}
