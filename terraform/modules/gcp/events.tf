# How changes of the buckets come to the function.

locals {
  # All after which a run may read something else than before. A bucket that keeps versions tells of removals as
  # archived ones.
  storage_events  = ["OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_ARCHIVE"]
  eventarc_events = ["finalized", "deleted", "archived"]

  notifications = { for n in flatten([
    for f in local.filters : [for prefix in f.prefixes : {
      bucket             = f.bucket
      topic              = google_pubsub_topic.events[f.target].id
      object_name_prefix = prefix == "" ? null : prefix
      key                = "${f.target}/${f.bucket}/${prefix}"
    }] if local.buckets[f.bucket].trigger == "pubsub"
  ]) : n.key => n }

  triggers = { for pair in flatten([
    for key, b in local.buckets : [for event in local.eventarc_events : { key = "${key}/${event}", bucket = key, event = event }] if b.trigger == "eventarc"
  ]) : pair.key => pair }
}

# Each is one of many that a bucket may have: those of others stay.
resource "google_storage_notification" "changes" {
  for_each = { for key, n in local.notifications : key => n if local.buckets[n.bucket].manage_bucket_notification }

  bucket             = local.buckets[each.value.bucket].create ? google_storage_bucket.dags[each.value.bucket].name : local.buckets[each.value.bucket].name
  topic              = each.value.topic
  object_name_prefix = each.value.object_name_prefix
  event_types        = local.storage_events
  payload_format     = "NONE" # all that matters is in the attributes

  lifecycle {
    precondition {
      condition     = length([for n in local.notifications : n if n.bucket == each.value.bucket]) <= 10
      error_message = "Cloud Storage sends an event to ten notifications of a bucket at most, and ${each.value.bucket} needs one for each target's prefix. Give prefixes a folder in common, or set trigger = \"eventarc\"."
    }
  }

  depends_on = [google_pubsub_topic_iam_member.storage] # Cloud Storage looks whether it may
}

# Eventarc makes a topic and a subscription for each; it knows no prefixes, and the function drops what is no target's.
resource "google_eventarc_trigger" "changes" {
  for_each = local.triggers

  name                    = "${substr(var.name, 0, 25)}-${substr(sha1(each.key), 0, 8)}-${each.value.event}"
  location                = local.buckets[each.value.bucket].location
  service_account         = google_service_account.invoker.email
  event_data_content_type = "application/json"
  labels                  = local.labels

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.storage.object.v1.${each.value.event}"
  }
  matching_criteria {
    attribute = "bucket"
    value     = local.buckets[each.value.bucket].create ? google_storage_bucket.dags[each.value.bucket].name : local.buckets[each.value.bucket].name
  }

  destination {
    cloud_run_service {
      service = local.service.name
      region  = var.region
    }
  }

  depends_on = [
    google_project_iam_member.eventarc, google_project_iam_member.eventarc_storage, google_cloud_run_v2_service_iam_member.invoker,
    google_service_account_iam_member.pubsub,
  ]
}

locals {
  eventarc_subscriptions = { for key, t in google_eventarc_trigger.changes : key => try(t.transport[0].pubsub[0].subscription, "") } # a mock has none
}
