output "function_name" {
  description = "The name of the function, and of its Cloud Run service."
  value       = local.service.name

  depends_on = [google_cloudfunctions2_function.sync, google_cloud_run_v2_service.sync]
}

output "function_url" {
  description = "The function's address, for events of other origins: what Cloud Storage, Pub/Sub or Eventarc send, or {\"dagferry\": {\"sweep\": \"<target>\"}}, from an account that may call it."
  value       = local.service.uri
}

output "service_account_email" {
  description = "The account that the function is: what the owner of a bucket elsewhere has to name."
  value       = google_service_account.function.email
}

output "invoker_email" {
  description = "The account that calls the function."
  value       = google_service_account.invoker.email
}

output "service_agents" {
  description = "Google's own accounts that use `kms_key_name`, and publish to the topics: the key has to allow them."
  value = {
    storage = data.google_storage_project_service_account.agents[local.project].email_address
    pubsub  = local.pubsub_agent
  }
}

output "topic_ids" {
  description = "The topic of each target: whatever is published there is taken as an event."
  value       = { for name, topic in google_pubsub_topic.events : name => topic.id }
}

output "subscription_ids" {
  description = "The subscription of each target, for `gcloud pubsub`."
  value       = { for name, s in google_pubsub_subscription.events : name => s.id }
}

output "dead_letter_subscription_ids" {
  description = "The subscription that keeps what was given up, of each target."
  value       = { for name, s in google_pubsub_subscription.dead : name => s.id }
}

output "eventarc_subscription_ids" {
  description = "The subscriptions that Eventarc made: their deadlines, retries and dead letters are its own until somebody changes them (README)."
  value       = values(local.eventarc_subscriptions)
}

output "buckets" {
  description = "The names of the buckets with DAGs, by their keys; those that the module makes are ready when this is known."
  value       = { for key, b in local.buckets : key => b.create ? google_storage_bucket.dags[key].name : b.name }
}

output "bucket_notifications" {
  description = "For each bucket with the trigger pubsub, the notifications that it needs (google_storage_notification). With manage_bucket_notification = false, give them to whoever owns the bucket."
  value = { for key, b in local.buckets : key => [for n in local.notifications : {
    topic              = n.topic
    object_name_prefix = n.object_name_prefix
    event_types        = local.storage_events
    payload_format     = "NONE"
  } if n.bucket == key] if b.trigger == "pubsub" }

  depends_on = [google_pubsub_topic_iam_member.storage] # before that, Cloud Storage may not publish
}

output "bucket_permissions" {
  description = "For each bucket, the members that its policy needs (google_storage_bucket_iam_member); an expression that is null is no condition. With manage_bucket_iam = false, give them to whoever owns the bucket."
  value = { for key, b in local.buckets : key => [for r in local.reading : {
    role       = r.role
    member     = local.function_member
    expression = r.expression
  } if r.bucket == key] }
}

output "state_urls" {
  description = "Where the state of each target is: what dagferry.yaml calls state, and the command line needs."
  value       = { for name, _ in var.targets : name => "gs://${local.state_bucket}/${var.state.prefix}" }
}

output "configuration" {
  description = "The dagferry.yaml that the function reads, for `dagferry status`, `hold` and the other commands. It holds no secrets."
  value       = local.configuration
}

output "log_filter" {
  description = "The function's log, for `gcloud logging read`."
  value       = local.log_filter
}

output "alarm_names" {
  description = "The alert policies, such as for snoozes."
  value       = { for key, alarm in google_monitoring_alert_policy.all : key => alarm.name }
}
