mock_provider "google" {
  source = "../../modules/gcp/tests/mocks"
}

run "example" {
  variables {
    project         = "acme"
    bucket          = "acme-dags"
    deployment      = "clxprod"
    token_secret_id = "projects/acme/secrets/dagferry-prod"
    package         = "../../modules/gcp/tests/empty.zip"
  }
  assert {
    condition     = output.upload == "gcloud storage rsync --recursive --delete-unmatched-destination-objects dags/ gs://acme-dags/dags/"
    error_message = "an author is told what to type"
  }
  assert {
    condition     = yamldecode(output.configuration).targets[0].sources == [{ url = "gs://acme-dags/dags/" }]
    error_message = "the bucket goes to the Deployment"
  }
}
