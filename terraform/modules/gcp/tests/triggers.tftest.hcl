# How events come: each trigger, whoever owns the bucket, and several targets.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  region  = "europe-north1"
  package = { path = "tests/empty.zip" }
  buckets = { dags = { name = "acme-dags", create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
      deployment = "clxprod"
      token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
    }
    dev = {
      sources    = [{ bucket = "dags", prefix = "dev/dags" }, { bucket = "dags", prefix = "dev/dags/ml/", mount = "again" }, { bucket = "dags", prefix = "shared/", mount = "shared" }]
      deployment = "clxdev"
      token      = { secret_id = "projects/acme/secrets/dagferry-dev", json_key = "token" }
      sweep      = "*/5 * * * *"
    }
  }
}

run "pubsub" {
  assert {
    condition = { for key, n in google_storage_notification.changes : key => [n.bucket, n.object_name_prefix, n.payload_format] } == {
      "dev/dags/dev/dags/"   = ["acme-dags", "dev/dags/", "NONE"]
      "dev/dags/shared/"     = ["acme-dags", "shared/", "NONE"]
      "prod/dags/prod/dags/" = ["acme-dags", "prod/dags/", "NONE"]
    }
    error_message = "each prefix is told; one that lies in another of the same target needs no notification of its own"
  }
  assert {
    condition     = google_storage_notification.changes["prod/dags/prod/dags/"].topic == google_pubsub_topic.events["prod"].id && google_storage_notification.changes["dev/dags/shared/"].topic == google_pubsub_topic.events["dev"].id
    error_message = "its target's topic"
  }
  assert {
    condition     = alltrue([for n in google_storage_notification.changes : n.event_types == toset(["OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_ARCHIVE"])])
    error_message = "creations and removals are told, with versions and without"
  }
  assert {
    condition     = length(google_pubsub_subscription.events) == 2 && length(google_pubsub_subscription.dead) == 2 && length(google_eventarc_trigger.changes) == 0
    error_message = "each target has a subscription and dead letters, and nothing is Eventarc's"
  }
  assert {
    condition = yamldecode(output.configuration).targets[0] == {
      name       = "dev"
      deployment = "clxdev"
      token      = "gcp-secret://projects/acme/secrets/dagferry-dev#token"
      state      = "gs://dagferry-state-123456789012/state/"
      sources = [
        { url = "gs://acme-dags/dev/dags/" },
        { url = "gs://acme-dags/dev/dags/ml/", mount = "again" },
        { url = "gs://acme-dags/shared/", mount = "shared" },
      ]
    }
    error_message = "the configuration has the sources in their order, with a slash at the end"
  }
  assert {
    condition     = { for name, job in google_cloud_scheduler_job.sweep : name => job.schedule } == { dev = "*/5 * * * *", prod = "*/10 * * * *" }
    error_message = "each target has a sweep"
  }
}

run "pubsub_of_somebody_else" {
  variables {
    buckets = { dags = { name = "acme-dags", project = "acme-data", manage_bucket_notification = false, manage_bucket_iam = false } }
  }
  assert {
    condition     = length(google_storage_notification.changes) + length(google_storage_bucket.dags) + length(google_storage_bucket_iam_member.sources) == 0
    error_message = "the bucket is left alone"
  }
  assert {
    condition     = toset([for n in output.bucket_notifications["dags"] : n.object_name_prefix]) == toset(["dev/dags/", "shared/", "prod/dags/"]) && length(output.bucket_permissions["dags"]) == 1
    error_message = "its owner is told what to write"
  }
  assert {
    condition     = toset(keys(google_pubsub_topic_iam_member.storage)) == toset(["dev/acme-data", "prod/acme-data"]) && toset(keys(data.google_storage_project_service_account.agents)) == toset(["acme", "acme-data"])
    error_message = "the other project's bucket may publish all the same"
  }
}

run "pubsub_that_exists" {
  variables {
    buckets = { dags = { name = "acme-dags" } }
  }
  assert {
    condition     = length(google_storage_bucket.dags) == 0 && length(google_storage_notification.changes) == 3 && length(google_storage_bucket_iam_member.sources) == 1
    error_message = "notifications and permissions are added to a bucket that the module did not make"
  }
}

run "shared_and_nested" {
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
      ml = {
        sources    = [{ bucket = "dags", prefix = "dags/ml/" }]
        deployment = "clxml"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  assert {
    condition     = { for key, n in google_storage_notification.changes : key => n.object_name_prefix } == { "prod/dags/dags/" = "dags/", "ml/dags/dags/ml/" = "dags/ml/" }
    error_message = "Cloud Storage tells one change to two topics"
  }
  assert {
    condition     = length(google_secret_manager_secret_iam_member.token) == 1
    error_message = "one token of two Deployments is one permission"
  }
}

run "eventarc" {
  variables {
    buckets = { dags = { name = "acme-dags", create = true, location = "EU", trigger = "eventarc" } }
  }
  assert {
    condition     = length(google_storage_notification.changes) == 0 && length(google_eventarc_trigger.changes) == 3 && length(google_pubsub_topic_iam_member.storage) == 0
    error_message = "a trigger for each kind of event, and no notifications"
  }
  assert {
    condition = { for key, t in google_eventarc_trigger.changes : key => { for c in t.matching_criteria : c.attribute => c.value } } == {
      "dags/finalized" = { type = "google.cloud.storage.object.v1.finalized", bucket = "acme-dags" }
      "dags/deleted"   = { type = "google.cloud.storage.object.v1.deleted", bucket = "acme-dags" }
      "dags/archived"  = { type = "google.cloud.storage.object.v1.archived", bucket = "acme-dags" }
    }
    error_message = "creations and removals of the whole bucket"
  }
  assert {
    condition = alltrue([for t in google_eventarc_trigger.changes : t.location == "eu" && t.service_account == google_service_account.invoker.email && t.labels == tomap({ dagferry = "dagferry" }) &&
    t.destination[0].cloud_run_service[0].service == "dagferry" && t.destination[0].cloud_run_service[0].region == "europe-north1" && length(t.name) <= 63])
    error_message = "from where the bucket is, to the function"
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.all["eventarc-dags-waiting"].conditions[0].condition_threshold[0].filter, "oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=one_of(")
    error_message = "what waits at Eventarc raises an alarm, too"
  }
}

run "none" {
  variables {
    buckets = { dags = { name = "acme-dags", create = true, trigger = "none" } }
  }
  assert {
    condition     = length(google_storage_notification.changes) == 0 && length(google_eventarc_trigger.changes) == 0 && length(google_pubsub_topic_iam_member.storage) == 0
    error_message = "no events, and no bucket may send any"
  }
  assert {
    condition     = length(google_cloud_scheduler_job.sweep) == 2
    error_message = "the sweeps do it"
  }
}

run "no_sweeps" {
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
        sweep      = ""
      }
    }
  }
  assert {
    condition     = length(google_cloud_scheduler_job.sweep) == 0 && !contains(keys(google_monitoring_alert_policy.all), "silent")
    error_message = "no schedule, and nobody misses its calls"
  }
}

run "long_names" {
  variables {
    name = "dagferry-of-the-platform1"
    targets = {
      a-target-with-a-name-of-thirty = {
        sources    = [{ bucket = "dags" }]
        deployment = "clx"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  assert {
    condition = alltrue([for name, longest in {
      (google_service_account.function.account_id)                      = 30
      (google_service_account.invoker.account_id)                       = 30
      (google_cloudfunctions2_function.sync[0].name)                    = 49
      (google_storage_bucket.state[0].name)                             = 63
      (google_pubsub_topic.dead["a-target-with-a-name-of-thirty"].name) = 255
    } : length(name) <= longest])
    error_message = "Google Cloud takes the longest names"
  }
  assert {
    condition     = google_storage_notification.changes["a-target-with-a-name-of-thirty/dags/"].object_name_prefix == null && length(google_storage_bucket_iam_member.sources["dags/0"].condition) == 0
    error_message = "a source that is a whole bucket"
  }
}
