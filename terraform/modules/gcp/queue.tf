# A topic and a subscription for each target, so that what is given up, what waits and who may publish is known of each.
# A message is pushed to the function until it answers that the run which covers it has ended.

resource "google_pubsub_topic" "events" {
  #checkov:skip=CKV_GCP_83:messages name buckets and objects; kms_key_name gives a key
  for_each = var.targets

  name         = "${var.name}-${each.key}"
  kms_key_name = var.kms_key_name
  labels       = local.labels
}

resource "google_pubsub_subscription" "events" {
  for_each = var.targets

  name                       = "${var.name}-${each.key}"
  topic                      = google_pubsub_topic.events[each.key].id
  ack_deadline_seconds       = local.ack_seconds
  message_retention_duration = "${4 * 24 * 3600}s" # 100 attempts of 600 s and 30 s apart take less than a day
  labels                     = local.labels

  push_config {
    push_endpoint = local.service.uri
    oidc_token {
      service_account_email = google_service_account.invoker.email
      audience              = local.service.uri
    }
  }

  # A run that is at work may be over at any moment.
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "30s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[each.key].id
    max_delivery_attempts = local.max_attempts
  }

  expiration_policy {
    ttl = "" # never, however long nobody uploads
  }

  # It would push before it may, and use up attempts.
  depends_on = [google_cloud_run_v2_service_iam_member.invoker, google_service_account_iam_member.pubsub]
}

resource "google_pubsub_topic" "dead" {
  #checkov:skip=CKV_GCP_83:the same
  for_each = var.targets

  name         = "${var.name}-${each.key}-dead"
  kms_key_name = var.kms_key_name
  labels       = local.labels
}

# A topic keeps nothing: without a subscription, what is given up would be gone.
resource "google_pubsub_subscription" "dead" {
  for_each = var.targets

  name                       = "${var.name}-${each.key}-dead"
  topic                      = google_pubsub_topic.dead[each.key].id
  ack_deadline_seconds       = 60
  message_retention_duration = "${14 * 24 * 3600}s"
  labels                     = local.labels

  expiration_policy {
    ttl = "" # or it would be gone after a month without dead letters
  }
}
