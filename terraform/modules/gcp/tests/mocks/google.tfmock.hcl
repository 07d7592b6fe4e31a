# What the mocked provider answers where a random text would be refused by the real one's validations, or says too little.

mock_data "google_project" {
  defaults = { id = "projects/acme", number = "123456789012" }
}

mock_data "google_storage_project_service_account" {
  defaults = { email_address = "service-123456789012@gs-project-accounts.iam.gserviceaccount.com" }
}

mock_resource "google_cloudfunctions2_function" {
  defaults = { service_config = { uri = "https://dagferry-mocked.a.run.app" } }
}

mock_resource "google_cloud_run_v2_service" {
  defaults = { uri = "https://dagferry-mocked.a.run.app" }
}

mock_resource "google_service_account" {
  defaults = { name = "projects/acme/serviceAccounts/mocked@acme.iam.gserviceaccount.com" }
}

mock_resource "google_monitoring_alert_policy" {
  defaults = { name = "projects/acme/alertPolicies/1" }
}
