output "service_account_email" {
  description = "The function's account, for a bucket without uniform access."
  value       = module.dagferry.service_account_email
}

output "configuration" {
  description = "The dagferry.yaml for the command line."
  value       = module.dagferry.configuration
}
