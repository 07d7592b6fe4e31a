output "upload" {
  description = "How DAGs are uploaded."
  value       = "gcloud storage rsync --recursive --delete-unmatched-destination-objects dags/ gs://${module.dagferry.buckets["dags"]}/dags/"
}

output "configuration" {
  description = "The dagferry.yaml for the command line."
  value       = module.dagferry.configuration
}

output "log_filter" {
  description = "The function's log."
  value       = module.dagferry.log_filter
}
