# The buckets that authors upload to, where the module makes them.

locals {
  created = { for key, b in local.buckets : key => b if b.create }
}

resource "aws_s3_bucket" "dags" {
  #checkov:skip=CKV_AWS_18:who uploaded what is CloudTrail's to say, for the whole account
  #checkov:skip=CKV_AWS_144:DAGs are authors' files and have their originals elsewhere; versions undo mistakes
  #checkov:skip=CKV_AWS_145:a key of one's own costs permissions for every author; kms_key_arn gives one
  #checkov:skip=CKV2_AWS_62:the events are in events.tf, where the variables ask for them
  for_each = local.created

  bucket        = each.value.name
  force_destroy = each.value.force_destroy
  tags          = local.tags
}

resource "aws_s3_bucket_versioning" "dags" {
  for_each = local.created

  bucket = aws_s3_bucket.dags[each.key].bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "dags" {
  for_each = local.created

  bucket = aws_s3_bucket.dags[each.key].bucket
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "dags" {
  for_each = local.created

  bucket                  = aws_s3_bucket.dags[each.key].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "dags" {
  for_each = local.created

  bucket = aws_s3_bucket.dags[each.key].bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "dags" {
  for_each = local.created

  bucket = aws_s3_bucket.dags[each.key].bucket
  rule {
    id     = "replaced-and-deleted"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = each.value.noncurrent_days
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.dags]
}

resource "aws_s3_bucket_policy" "dags" {
  for_each = local.created

  bucket = aws_s3_bucket.dags[each.key].bucket
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.encrypted_transport[each.key]]
  })

  depends_on = [aws_s3_bucket_public_access_block.dags]
}

locals {
  encrypted_transport = { for key, b in local.created : key => {
    Sid       = "DenyUnencryptedTransport"
    Effect    = "Deny"
    Principal = "*"
    Action    = "s3:*"
    Resource  = [b.arn, "${b.arn}/*"]
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  } }
}
