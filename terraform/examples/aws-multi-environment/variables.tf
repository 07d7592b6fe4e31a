variable "platform_bucket" {
  description = "The bucket to make, with dev/dags/, prod/dags/ and shared/."
  type        = string
}

variable "ml_bucket" {
  description = "The other team's bucket, and the role that may read it."
  type = object({
    name       = string
    account_id = string
    role_arn   = string
  })
}

variable "deployments" {
  description = "The ids of the two Astro Deployments."
  type = object({
    dev  = string
    prod = string
  })
}

variable "token_secret_arns" {
  description = "The ARNs of the Secrets Manager secrets that hold their API tokens."
  type = object({
    dev  = string
    prod = string
  })
}

variable "email" {
  description = "Who is told of alarms. The address has to confirm that once."
  type        = string
}

variable "package" {
  description = "The function's package: make package writes it."
  type        = string
  default     = "../../../dist/s3sync-arm64.zip"
}
