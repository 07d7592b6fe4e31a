output "upload" {
  description = "How DAGs are uploaded."
  value       = "aws s3 sync --delete dags/ s3://${module.dagferry.buckets["dags"]}/dags/"
}

output "configuration" {
  description = "The dagferry.yaml for the command line."
  value       = module.dagferry.configuration
}
