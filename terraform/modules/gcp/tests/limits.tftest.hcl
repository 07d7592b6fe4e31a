# What is refused because Google Cloud has no room for it.

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
  }
}

run "configuration_that_is_too_long" {
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
        settings   = yamlencode({ ignore = [for i in range(1000) : "environments/number-${i}/drafts/**"] })
      }
    }
  }
  expect_failures = [google_cloudfunctions2_function.sync]
}

run "configuration_that_is_too_long_for_an_image" {
  command = plan
  variables {
    package  = { image = "europe-north1-docker.pkg.dev/acme/dagferry/gcssync@sha256:00" }
    function = { environment = { PADDING = join("", [for i in range(1000) : "a text of thirty-two characters."]) } }
  }
  expect_failures = [google_cloud_run_v2_service.sync]
}

run "notifications_that_are_too_many" {
  command = plan
  variables {
    targets = { for i in range(11) : "target-${i}" => {
      sources    = [{ bucket = "dags", prefix = "environments/number-${i}/dags/" }]
      deployment = "clx${i}"
      token      = { secret_id = "projects/acme/secrets/dagferry-${i}" }
    } }
  }
  expect_failures = [google_storage_notification.changes]
}
