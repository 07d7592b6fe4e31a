# A queue for each target, so that a slow Deployment stalls no other: standard, for a first-in-first-out one has batches of
# ten, no window, and takes equal messages for one.

resource "aws_sqs_queue" "events" {
  for_each = var.targets

  name                       = "${var.name}-${each.key}"
  visibility_timeout_seconds = local.visibility_seconds
  message_retention_seconds  = 4 * 24 * 3600 # 50 receives at most 15 min apart take half a day
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  kms_master_key_id          = var.kms_key_arn
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = local.max_receives
  })
  tags = local.tags
}

resource "aws_sqs_queue" "dead" {
  for_each = var.targets

  name                      = "${var.name}-${each.key}-dead"
  message_retention_seconds = 14 * 24 * 3600 # the most there is
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  tags                      = local.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  for_each = var.targets

  queue_url = aws_sqs_queue.dead[each.key].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.events[each.key].arn]
  })
}

locals {
  # Which buckets, and which rules, may send to a target's queue.
  senders = { for name, _ in var.targets : name => {
    buckets = [for f in local.filters : local.buckets[f.bucket] if f.target == name && local.buckets[f.bucket].trigger == "s3"]
    rules   = [for key, f in local.bridged : aws_cloudwatch_event_rule.changes[key].arn if f.target == name]
  } }
}

resource "aws_sqs_queue_policy" "events" {
  for_each = var.targets

  queue_url = aws_sqs_queue.events[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "DenyUnencryptedTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.events[each.key].arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      length(local.senders[each.key].buckets) == 0 ? [] : [{
        Sid       = "NotificationsOfTheBuckets"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events[each.key].arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.senders[each.key].buckets[*].arn }
          StringEquals = { "aws:SourceAccount" = distinct(local.senders[each.key].buckets[*].account) } # names are free again when a bucket is deleted
        }
      }],
      length(local.senders[each.key].rules) == 0 ? [] : [{
        Sid       = "EventsOfTheRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events[each.key].arn
        Condition = { ArnEquals = { "aws:SourceArn" = local.senders[each.key].rules } }
      }],
    )
  })
}

resource "aws_sqs_queue_policy" "dead" {
  for_each = var.targets

  queue_url = aws_sqs_queue.dead[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyUnencryptedTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.dead[each.key].arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
