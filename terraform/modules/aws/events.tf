# How changes of the buckets come into the queues.

locals {
  # All after which a run may read something else than before.
  s3_events     = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*", "s3:ObjectRestore:Completed"]
  bridge_events = ["Object Created", "Object Deleted", "Object Restore Completed"] # lifecycle expirations are Object Deleted

  notifications = { for key, b in local.buckets : key => flatten([
    for f in local.filters : [for i, prefix in f.prefixes : {
      id            = "${var.name}-${f.target}-${i}"
      queue_arn     = aws_sqs_queue.events[f.target].arn
      events        = local.s3_events
      filter_prefix = prefix
    }] if f.bucket == key
  ]) if b.trigger == "s3" }

  bridged = { for key, f in local.filters : key => f if local.buckets[f.bucket].trigger == "eventbridge" }
}

# This is the bucket's whole notification configuration: applying it removes every other one.
resource "aws_s3_bucket_notification" "changes" {
  for_each = { for key, b in local.buckets : key => b if b.notified }

  bucket      = each.value.create ? aws_s3_bucket.dags[each.key].bucket : each.value.name
  eventbridge = each.value.trigger == "eventbridge"

  dynamic "queue" {
    for_each = lookup(local.notifications, each.key, [])
    content {
      id            = queue.value.id
      queue_arn     = queue.value.queue_arn
      events        = queue.value.events
      filter_prefix = queue.value.filter_prefix
    }
  }

  depends_on = [aws_sqs_queue_policy.events] # S3 tries to send
}

resource "aws_cloudwatch_event_rule" "changes" {
  for_each = local.bridged

  name        = "${substr("${var.name}-${each.value.target}", 0, 55)}-${substr(sha1(each.value.bucket), 0, 8)}" # 64 at most
  description = "Changes in ${local.buckets[each.value.bucket].name} for ${each.value.target}"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = local.bridge_events
    detail = {
      bucket = { name = [local.buckets[each.value.bucket].name] }
      object = { key = [for prefix in each.value.prefixes : { prefix = prefix }] } # the empty prefix matches every key
    }
  })
  tags = local.tags
}

resource "aws_cloudwatch_event_target" "changes" {
  for_each = local.bridged

  rule = aws_cloudwatch_event_rule.changes[each.key].name
  arn  = aws_sqs_queue.events[each.value.target].arn

  depends_on = [aws_sqs_queue_policy.events]
}
