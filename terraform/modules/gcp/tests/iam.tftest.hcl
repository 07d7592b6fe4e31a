# Every role that the module gives, on what, to whom, and why. A new one has to be written here too.

mock_provider "google" {
  source = "./tests/mocks"

  override_resource {
    target = google_service_account.function
    values = { email = "run@acme", name = "projects/acme/serviceAccounts/run@acme" }
  }
  override_resource {
    target = google_service_account.invoker
    values = { email = "call@acme", name = "projects/acme/serviceAccounts/call@acme" }
  }
}

variables {
  region  = "europe-north1"
  package = { path = "tests/empty.zip" }
  buckets = {
    dags = { name = "acme-dags", create = true }
    ml   = { name = "ml-team", project = "acme-ml" }
    far  = { name = "far-team", project = "acme-far", manage_bucket_iam = false, manage_bucket_notification = false }
    all  = { name = "all-events", trigger = "eventarc" }
  }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/dags/" }, { bucket = "ml", mount = "ml" }, { bucket = "far", prefix = "dags", mount = "far" }]
      deployment = "clxprod"
      token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
    }
    dev = {
      sources    = [{ bucket = "dags", prefix = "dev/dags/" }, { bucket = "all", prefix = "dev/", mount = "all" }]
      deployment = "clxdev"
      token      = { secret_id = "projects/vault/secrets/dagferry-dev" }
    }
  }
  validator_service = "projects/acme/locations/europe-north1/services/validator"
  configuration     = { place = "object" }
}

run "buckets" {
  assert {
    condition = { for key, m in google_storage_bucket_iam_member.sources : key => [m.bucket, m.role, m.member, try(m.condition[0].expression, "always")] } == {
      # Lists the bucket, which has no narrower permission, and reads the sources' prefixes.
      "dags/0" = ["acme-dags", "roles/storage.objectViewer", "serviceAccount:run@acme", "resource.name == \"projects/_/buckets/acme-dags\" || resource.name.startsWith(\"projects/_/buckets/acme-dags/objects/dev/dags/\") || resource.name.startsWith(\"projects/_/buckets/acme-dags/objects/prod/dags/\")"]
      "all/0"  = ["all-events", "roles/storage.objectViewer", "serviceAccount:run@acme", "resource.name == \"projects/_/buckets/all-events\" || resource.name.startsWith(\"projects/_/buckets/all-events/objects/dev/\")"]
      # A source that is a whole bucket.
      "ml/0" = ["ml-team", "roles/storage.objectViewer", "serviceAccount:run@acme", "always"]
    }
    error_message = "the function may read something else than what is listed here"
  }
  assert {
    condition = output.bucket_permissions["far"] == [{
      role       = "roles/storage.objectViewer", member = "serviceAccount:run@acme"
      expression = "resource.name == \"projects/_/buckets/far-team\" || resource.name.startsWith(\"projects/_/buckets/far-team/objects/dags/\")"
    }]
    error_message = "the owner of a bucket is told what to give"
  }
  assert {
    condition = { for key, m in google_storage_bucket_iam_member.state : key => [m.bucket, m.role, m.member, m.condition[0].expression] } == {
      # Keeps state, manifests and records. Replacing is deleting, for Cloud Storage; nothing deletes any of them.
      prod = ["dagferry-state-123456789012", "roles/storage.objectUser", "serviceAccount:run@acme", "resource.name == \"projects/_/buckets/dagferry-state-123456789012\" || resource.name.startsWith(\"projects/_/buckets/dagferry-state-123456789012/objects/state/clxprod/\")"]
      dev  = ["dagferry-state-123456789012", "roles/storage.objectUser", "serviceAccount:run@acme", "resource.name == \"projects/_/buckets/dagferry-state-123456789012\" || resource.name.startsWith(\"projects/_/buckets/dagferry-state-123456789012/objects/state/clxdev/\")"]
    }
    error_message = "the function may write something else than what is listed here"
  }
  assert {
    # Reads dagferry.yaml, where it is too long for the environment, and cannot write it.
    condition = [for m in google_storage_bucket_iam_member.configuration : [m.bucket, m.role, m.member, m.condition[0].expression]] == [
      ["dagferry-state-123456789012", "roles/storage.objectViewer", "serviceAccount:run@acme", "resource.name == \"projects/_/buckets/dagferry-state-123456789012/objects/state/dagferry.yaml\""],
    ]
    error_message = "the configuration is read, and not written"
  }
}

run "function" {
  assert {
    # Reads the tokens, each of them by name.
    condition = { for key, m in google_secret_manager_secret_iam_member.token : key => [m.project, m.secret_id, m.role, m.member] } == {
      "projects/acme/secrets/dagferry-prod" = ["acme", "dagferry-prod", "roles/secretmanager.secretAccessor", "serviceAccount:run@acme"]
      "projects/vault/secrets/dagferry-dev" = ["vault", "dagferry-dev", "roles/secretmanager.secretAccessor", "serviceAccount:run@acme"]
    }
    error_message = "the function may read another secret than its targets' tokens"
  }
  assert {
    # Has DAGs imported by a service that may do nothing.
    condition     = [for m in google_cloud_run_v2_service_iam_member.validator : [m.project, m.location, m.name, m.role, m.member]] == [["acme", "europe-north1", "validator", "roles/run.invoker", "serviceAccount:run@acme"]]
    error_message = "the function calls the validator, and nothing else"
  }
  assert {
    # Signs URLs as itself, by which the validator fetches a large bundle.
    condition     = [for m in google_service_account_iam_member.signs : [m.service_account_id, m.role, m.member]] == [["projects/acme/serviceAccounts/run@acme", "roles/iam.serviceAccountTokenCreator", "serviceAccount:run@acme"]]
    error_message = "the function signs as itself, and as nobody else"
  }
}

run "invoker" {
  assert {
    # Pub/Sub, the Scheduler and Eventarc call the function as this account.
    condition     = [google_cloud_run_v2_service_iam_member.invoker.location, google_cloud_run_v2_service_iam_member.invoker.name, google_cloud_run_v2_service_iam_member.invoker.role, google_cloud_run_v2_service_iam_member.invoker.member] == ["europe-north1", "dagferry", "roles/run.invoker", "serviceAccount:call@acme"]
    error_message = "one account calls the function"
  }
  assert {
    # Pub/Sub signs as that account, and as no other.
    condition     = [google_service_account_iam_member.pubsub.service_account_id, google_service_account_iam_member.pubsub.role, google_service_account_iam_member.pubsub.member] == ["projects/acme/serviceAccounts/call@acme", "roles/iam.serviceAccountTokenCreator", "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"]
    error_message = "Pub/Sub's agent signs as the account that calls"
  }
}

run "pubsub" {
  assert {
    # The buckets tell the topics of the targets that they are sources of.
    condition = { for key, m in google_pubsub_topic_iam_member.storage : key => [m.topic, m.role, m.member] } == {
      for key in ["dev/acme", "prod/acme", "prod/acme-far", "prod/acme-ml"] : key => ["dagferry-${split("/", key)[0]}", "roles/pubsub.publisher", "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"]
    }
    error_message = "Cloud Storage's agents publish to the targets' topics"
  }
  assert {
    # Pub/Sub moves dead letters.
    condition = { for key, m in google_pubsub_topic_iam_member.dead : key => [m.topic, m.role, m.member] } == {
      for key in ["dev", "prod"] : key => ["dagferry-${key}-dead", "roles/pubsub.publisher", "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"]
    }
    error_message = "it publishes them there"
  }
  assert {
    condition = { for key, m in google_pubsub_subscription_iam_member.events : key => [m.subscription, m.role, m.member] } == {
      for key in ["dev", "prod"] : key => ["dagferry-${key}", "roles/pubsub.subscriber", "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"]
    }
    error_message = "and acknowledges them here"
  }
}

run "project" {
  assert {
    # Eventarc's demands: it makes topics of its own, and knows receivers by their project.
    condition     = [for m in concat(google_project_iam_member.eventarc_storage, google_project_iam_member.eventarc) : [m.project, m.role, m.member]] == [["acme", "roles/pubsub.publisher", "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"], ["acme", "roles/eventarc.eventReceiver", "serviceAccount:call@acme"]]
    error_message = "nothing else is given on the whole project"
  }
}

# With no more than a bucket and a token.
run "least" {
  variables {
    buckets           = { dags = { name = "acme-dags" } }
    validator_service = null
    configuration     = {}
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  assert {
    condition = [
      length(google_storage_bucket_iam_member.sources), length(google_storage_bucket_iam_member.state), length(google_storage_bucket_iam_member.configuration), length(google_secret_manager_secret_iam_member.token),
      length(google_cloud_run_v2_service_iam_member.validator), length(google_project_iam_member.eventarc), length(google_project_iam_member.eventarc_storage), length(google_pubsub_topic_iam_member.storage),
      length(google_service_account_iam_member.signs),
    ] == [1, 1, 0, 1, 0, 0, 0, 1, 0]
    error_message = "a need that is none has no member, and the project has none at all"
  }
}

# A condition takes twelve operators: thirteen prefixes are two.
run "many_prefixes" {
  variables {
    buckets = { dags = { name = "acme-dags", trigger = "none" } }
    targets = { prod = {
      sources    = [for i in range(13) : { bucket = "dags", prefix = format("team-%02d/", i), mount = "team-${i}" }]
      deployment = "clxprod"
      token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
    } }
  }
  assert {
    condition     = [for m in google_storage_bucket_iam_member.sources : length(regexall(" \\|\\| ", m.condition[0].expression))] == [12, 1]
    error_message = "no condition has more operators than IAM takes"
  }
}
