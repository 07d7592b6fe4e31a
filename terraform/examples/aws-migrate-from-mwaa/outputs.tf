output "role_arn" {
  description = "The function's role, for the bucket's key."
  value       = module.dagferry.role_arn
}

output "configuration" {
  description = "The dagferry.yaml for the command line."
  value       = module.dagferry.configuration
}
