# Where dagferry keeps its state, where the module makes it. state.json is replaced and never deleted: a lease that was
# deleted would begin its fence anew.

resource "aws_s3_bucket" "state" {
  #checkov:skip=CKV_AWS_18:only the function reads and writes it; CloudTrail says who else did
  #checkov:skip=CKV_AWS_144:what is live can be asked from Astro; docs/operations.md says how to begin without the state
  #checkov:skip=CKV_AWS_145:the bucket encrypts with the key of S3; kms_key_arn gives one of yours, as for the DAGs
  #checkov:skip=CKV2_AWS_62:nobody waits for changes of the state; an event would start a run that changes it
  count = var.state.create ? 1 : 0

  bucket        = local.state_bucket
  force_destroy = var.state.force_destroy
  tags          = local.tags
}

resource "aws_s3_bucket_versioning" "state" {
  count = var.state.create ? 1 : 0

  bucket = aws_s3_bucket.state[0].bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  count = var.state.create ? 1 : 0

  bucket = aws_s3_bucket.state[0].bucket
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  count = var.state.create ? 1 : 0

  bucket                  = aws_s3_bucket.state[0].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "state" {
  count = var.state.create ? 1 : 0

  bucket = aws_s3_bucket.state[0].bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

# Only run records expire, and bundles for a validator that a function which was killed left. Manifests stay: without the one of what is live, a run cannot tell what it would delete, and
# is rejected. They are small, and there is one for each content that was ever deployed.
resource "aws_s3_bucket_lifecycle_configuration" "state" {
  count = var.state.create ? 1 : 0

  bucket = aws_s3_bucket.state[0].bucket

  dynamic "rule" {
    for_each = var.targets
    content {
      id     = "runs-of-${rule.key}"
      status = "Enabled"
      filter {
        prefix = "${var.state.prefix}${rule.value.deployment}/runs/"
      }
      expiration {
        days = var.state.runs_days
      }
    }
  }

  dynamic "rule" {
    for_each = var.targets
    content {
      id     = "replaced-bundles-of-${rule.key}" # the last bundle is written anew by each deploy, and nobody wants an older one
      status = "Enabled"
      filter {
        prefix = "${var.state.prefix}${rule.value.deployment}/cache/"
      }
      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  dynamic "rule" {
    for_each = var.targets
    content {
      id     = "bundles-for-the-validator-of-${rule.key}" # the function removes them, unless it is killed
      status = "Enabled"
      filter {
        prefix = "${var.state.prefix}${rule.value.deployment}/validator/"
      }
      expiration {
        days = 1
      }
      noncurrent_version_expiration {
        noncurrent_days = 1
      }
    }
  }

  rule {
    id     = "replaced-versions" # of state.json, some for each run; the current ones stay
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.state]
}

resource "aws_s3_bucket_policy" "state" {
  count = var.state.create ? 1 : 0

  bucket = aws_s3_bucket.state[0].bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyUnencryptedTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.state_bucket_arn, "${local.state_bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.state]
}
