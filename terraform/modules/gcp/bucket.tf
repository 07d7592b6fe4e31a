# The buckets that authors upload to, where the module makes them.

locals {
  created = { for key, b in local.buckets : key => b if b.create }
}

resource "google_storage_bucket" "dags" {
  #checkov:skip=CKV_GCP_62:who uploaded what is Cloud Audit Logs' to say, for the whole project
  for_each = local.created

  name                        = each.value.name
  location                    = each.value.location
  force_destroy               = each.value.force_destroy
  uniform_bucket_level_access = true # or permissions could not end at prefixes
  public_access_prevention    = "enforced"
  labels                      = local.labels

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = each.value.noncurrent_days
      with_state                 = "ARCHIVED"
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key_name[*]
    content {
      default_kms_key_name = encryption.value
    }
  }
}
