mock_provider "google" {
  source = "../../modules/gcp/tests/mocks"
}

run "example" {
  variables {
    project         = "acme"
    composer_bucket = "europe-north1-prod-6efa-bucket"
    deployment      = "clxprod"
    token_secret_id = "projects/acme/secrets/dagferry-prod"
    package         = "../../modules/gcp/tests/empty.zip"
  }
  assert {
    condition     = yamldecode(output.configuration).targets[0].sources == [{ url = "gs://europe-north1-prod-6efa-bucket/dags/" }]
    error_message = "Composer's folder goes to the Deployment"
  }
  assert {
    condition     = yamldecode(output.configuration).targets[0].ignore == ["__pycache__/", "*.pyc", "/airflow_monitoring.py"]
    error_message = "and Composer's own DAG stays there, beside what never goes along"
  }
}
