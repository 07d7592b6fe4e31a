output "role_arn" {
  description = "The function's role: the other team's role has to trust it."
  value       = module.dagferry.role_arn
}

output "configuration" {
  description = "The dagferry.yaml for the command line."
  value       = module.dagferry.configuration
}
