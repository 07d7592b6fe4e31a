output "function_arn" {
  description = "The function."
  value       = aws_lambda_function.sync.arn
}

output "function_name" {
  description = "The function's name."
  value       = aws_lambda_function.sync.function_name
}

output "role_arn" {
  description = "The function's role: what the key policy of a KMS key, or the trust policy of a reader's role, has to name."
  value       = aws_iam_role.function.arn
}

output "queue_arns" {
  description = "The queue of each target, for events of other origins: whatever S3 sends, also within SNS or EventBridge's envelope, or {\"dagferry\": {\"sweep\": \"<target>\"}}."
  value       = { for name, q in aws_sqs_queue.events : name => q.arn }
}

output "queue_urls" {
  description = "The same as addresses, for `aws sqs`."
  value       = { for name, q in aws_sqs_queue.events : name => q.url }
}

output "dead_letter_queue_arns" {
  description = "The dead-letter queue of each target."
  value       = { for name, q in aws_sqs_queue.dead : name => q.arn }
}

output "buckets" {
  description = "The names of the buckets with DAGs, by their keys; those that the module makes are ready when this is known."
  value       = { for key, b in local.buckets : key => b.create ? aws_s3_bucket.dags[key].bucket : b.name }
}

output "bucket_notifications" {
  description = "For each bucket with the trigger s3, the queue blocks that its aws_s3_bucket_notification needs. With manage_bucket_notification = false, give them to whoever writes that."
  value       = local.notifications

  depends_on = [aws_sqs_queue_policy.events] # before that, S3 may not send
}

output "state_urls" {
  description = "Where the state of each target is: what dagferry.yaml calls state, and the command line needs."
  value       = { for name, _ in var.targets : name => "s3://${local.state_bucket}/${var.state.prefix}" }
}

output "configuration" {
  description = "The dagferry.yaml that the function reads, for `dagferry status`, `hold` and the other commands. It holds no secrets."
  value       = local.configuration
}

output "log_group_name" {
  description = "The function's log."
  value       = aws_cloudwatch_log_group.function.name
}

output "alarm_arns" {
  description = "The alarms, such as for a composite alarm."
  value       = { for key, alarm in aws_cloudwatch_metric_alarm.all : key => alarm.arn }
}

output "validator_endpoint_policy" {
  description = "With validator.large_bundles, the policy of the gateway endpoint for S3, for one that the subnets have already: in its subnets nothing can be done in S3 but read what the function has signed. Null without."
  value       = local.fetches ? local.validator_endpoint_policy : null
}
