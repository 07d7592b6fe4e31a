# The service that runs authors' code may do nothing, and reaches nothing; only the function's account may call it.

mock_provider "google" {
  source = "./tests/mocks"

  override_resource {
    target = google_service_account.function
    values = { email = "run@acme", name = "projects/acme/serviceAccounts/run@acme" }
  }
  override_resource {
    target = google_service_account.validator
    values = { email = "import@acme", name = "projects/acme/serviceAccounts/import@acme" }
  }
}

variables {
  region  = "europe-north1"
  package = { path = "tests/empty.zip" }
  buckets = { dags = { name = "acme-dags", create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/" }]
      deployment = "clxprod"
      token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      settings   = "check: {level: import, strict: true}"
    }
    dev = {
      sources    = [{ bucket = "dags", prefix = "dev/" }]
      deployment = "clxdev"
      token      = { secret_id = "projects/acme/secrets/dagferry-dev" }
      settings   = "check: {onFailure: warn}"
    }
  }
  vpc       = { connector = "projects/acme/locations/europe-north1/connectors/c", all_traffic = true }
  validator = { image = "europe-docker.pkg.dev/acme/r/validator:1", network = "closed", subnetwork = "closed-north" }
}

run "validator" {
  assert {
    condition = (
      google_cloud_run_v2_service.validator[0].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && google_cloud_run_v2_service.validator[0].template[0].service_account == "import@acme" &&
      google_cloud_run_v2_service.validator[0].template[0].vpc_access[0].egress == "ALL_TRAFFIC" && google_cloud_run_v2_service.validator[0].template[0].vpc_access[0].network_interfaces[0].network == "closed" &&
      length(google_cloud_run_v2_service.validator[0].template[0].containers[0].env) == 0
    )
    error_message = "nothing gets out but into its network, and nothing is in its environment"
  }
  assert {
    condition = [for m in google_cloud_run_v2_service_iam_member.own_validator : [m.project, m.location, m.name, m.role, m.member]] == [
    ["acme", "europe-north1", "dagferry-validator", "roles/run.invoker", "serviceAccount:run@acme"]]
    error_message = "the function calls it, and nobody else"
  }
  assert {
    condition     = [for m in google_service_account_iam_member.signs : [m.service_account_id, m.role, m.member]] == [["projects/acme/serviceAccounts/run@acme", "roles/iam.serviceAccountTokenCreator", "serviceAccount:run@acme"]]
    error_message = "the function signs the URLs of large bundles, as itself"
  }
  assert {
    condition = { for t in yamldecode(local.configuration).targets : t.name => t.check } == {
      prod = { level = "import", strict = true, validator = "https://dagferry-validator-123456789012.europe-north1.run.app" }
      dev  = { onFailure = "warn" }
    }
    error_message = "targets that import are told by what"
  }
}

run "open" {
  variables {
    vpc       = null
    validator = { image = "europe-docker.pkg.dev/acme/r/validator:1", network = "closed", subnetwork = "closed-north", ingress = "all" }
  }
  assert {
    condition     = google_cloud_run_v2_service.validator[0].ingress == "INGRESS_TRAFFIC_ALL"
    error_message = "reached without a VPC"
  }
}

run "none" {
  variables {
    validator = null
    targets   = { prod = merge(var.targets.prod, { settings = "{}" }) }
  }
  assert {
    condition     = length(google_cloud_run_v2_service.validator) + length(google_service_account.validator) + length(google_cloud_run_v2_service_iam_member.own_validator) + length(google_service_account_iam_member.signs) == 0
    error_message = "nothing is made that nobody asked for"
  }
}
