# Two accounts: one that the function is, and one that calls it. Neither has anything on the whole project, but for what
# Eventarc demands. Members are added one by one: nobody else's are removed.

resource "google_service_account" "function" {
  account_id   = "${var.name}-run"
  display_name = "${var.name}: runs"
  description  = "What the function ${var.name} may do"
}

resource "google_service_account" "invoker" {
  account_id   = "${var.name}-call"
  display_name = "${var.name}: calls"
  description  = "Calls the function ${var.name}: Pub/Sub's pushes, Eventarc's and the Scheduler's"
}

locals {
  function_member = "serviceAccount:${google_service_account.function.email}"
  invoker_member  = "serviceAccount:${google_service_account.invoker.email}"

  # The prefixes that are read in each bucket.
  listed = { for key, _ in local.buckets : key => sort(distinct(flatten([for f in local.filters : f.prefixes if f.bucket == key]))) }

  # Listing is a permission on the bucket, and cannot be narrowed to a prefix: whoever may list sees all names. Without
  # it an object that is missing is a denied one. Reading ends at the prefixes. A condition has twelve operators at most.
  reading = { for binding in flatten([for key, b in local.buckets : [
    for i, prefixes in chunklist(local.listed[key], 12) : {
      key        = "${key}/${i}"
      bucket     = key
      role       = "roles/storage.objectViewer"
      expression = contains(local.listed[key], "") ? null : join(" || ", concat(["resource.name == \"projects/_/buckets/${b.name}\""], [for prefix in prefixes : "resource.name.startsWith(\"projects/_/buckets/${b.name}/objects/${prefix}\")"]))
    } if !contains(local.listed[key], "") || i == 0
  ]]) : binding.key => binding }
}

resource "google_storage_bucket_iam_member" "sources" {
  for_each = { for key, r in local.reading : key => r if local.buckets[r.bucket].manage_bucket_iam }

  bucket = local.buckets[each.value.bucket].create ? google_storage_bucket.dags[each.value.bucket].name : local.buckets[each.value.bucket].name
  role   = each.value.role
  member = local.function_member

  dynamic "condition" {
    for_each = each.value.expression[*]
    content {
      title       = "${var.name}-sources-${split("/", each.key)[1]}"
      description = "Lists the bucket and reads the sources' prefixes"
      expression  = condition.value
    }
  }
}

# Replacing an object takes storage.objects.delete, with every role: whoever may write state.json may delete it. Nothing in
# the function does, and the bucket's versions bring back what somebody deletes. A role of one's own would only leave out
# storage.objects.update and multipart uploads, and whoever installs this would have to be allowed to make roles.
resource "google_storage_bucket_iam_member" "state" {
  for_each = var.targets

  bucket = local.state_bucket
  role   = "roles/storage.objectUser"
  member = local.function_member

  condition {
    title       = "${var.name}-state-${each.key}"
    description = "Lists the bucket, and reads, makes and replaces what is in the Deployment's folder"
    expression  = "resource.name == \"projects/_/buckets/${local.state_bucket}\" || resource.name.startsWith(\"projects/_/buckets/${local.state_bucket}/objects/${var.state.prefix}${each.value.deployment}/\")"
  }

  depends_on = [google_storage_bucket.state]
}

resource "google_storage_bucket_iam_member" "configuration" {
  count = local.in_object ? 1 : 0

  bucket = local.state_bucket
  role   = "roles/storage.objectViewer"
  member = local.function_member

  condition {
    title       = "${var.name}-configuration"
    description = "Reads dagferry.yaml"
    expression  = "resource.name == \"projects/_/buckets/${local.state_bucket}/objects/${var.state.prefix}dagferry.yaml\""
  }

  depends_on = [google_storage_bucket.state]
}

resource "google_secret_manager_secret_iam_member" "token" {
  for_each = toset([for t in var.targets : t.token.secret_id])

  project   = split("/", each.key)[1]
  secret_id = split("/", each.key)[3]
  role      = "roles/secretmanager.secretAccessor"
  member    = local.function_member
}

resource "google_cloud_run_v2_service_iam_member" "validator" {
  count = var.validator_service == null ? 0 : 1

  project  = split("/", var.validator_service)[1]
  location = split("/", var.validator_service)[3]
  name     = split("/", var.validator_service)[5]
  role     = "roles/run.invoker"
  member   = local.function_member
}

# The function signs URLs that a validator reads a large bundle by, as itself. It has no key for that: IAM signs.
resource "google_service_account_iam_member" "signs" {
  count = var.validator == null && var.validator_service == null ? 0 : 1

  service_account_id = google_service_account.function.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.function_member
}

# Nobody else calls the function, but for those whom the project lets call all.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  project  = local.project
  location = var.region
  name     = local.service.name
  role     = "roles/run.invoker"
  member   = local.invoker_member

  depends_on = [google_cloudfunctions2_function.sync, google_cloud_run_v2_service.sync]
}

# Pub/Sub signs its pushes as the account that calls. Its agent has this on every account of a project if Pub/Sub was
# switched on in that before April 2021; elsewhere it needs nobody's permission, and this does no harm.
resource "google_service_account_iam_member" "pubsub" {
  service_account_id = google_service_account.invoker.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:${local.pubsub_agent}"
}

# Pub/Sub itself moves what is given up: it publishes it there, and acknowledges it here.
resource "google_pubsub_topic_iam_member" "dead" {
  for_each = var.targets

  project = local.project
  topic   = google_pubsub_topic.dead[each.key].name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${local.pubsub_agent}"
}

resource "google_pubsub_subscription_iam_member" "events" {
  for_each = var.targets

  project      = local.project
  subscription = google_pubsub_subscription.events[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${local.pubsub_agent}"
}

# The agents of the projects whose buckets tell of changes. Asking for one makes it, where Cloud Storage has none yet.
data "google_storage_project_service_account" "agents" {
  for_each = toset(concat([local.project], [for b in local.buckets : b.project]))

  project = each.key
}

locals {
  publishers = { for pair in distinct([
    for f in local.filters : { target = f.target, project = local.buckets[f.bucket].project } if local.buckets[f.bucket].trigger == "pubsub"
  ]) : "${pair.target}/${pair.project}" => pair }
}

resource "google_pubsub_topic_iam_member" "storage" {
  for_each = local.publishers

  project = local.project
  topic   = google_pubsub_topic.events[each.value.target].name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${data.google_storage_project_service_account.agents[each.value.project].email_address}"
}

# On the whole project, for Eventarc only: it makes its topics itself, so that there is nothing else to name, and knows
# its receivers by the project.
resource "google_project_iam_member" "eventarc_storage" {
  count = length(local.triggers) > 0 ? 1 : 0

  project = local.project
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${data.google_storage_project_service_account.agents[local.project].email_address}"
}

resource "google_project_iam_member" "eventarc" {
  count = length(local.triggers) > 0 ? 1 : 0

  project = local.project
  role    = "roles/eventarc.eventReceiver"
  member  = local.invoker_member
}
