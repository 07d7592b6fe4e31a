variable "bucket" {
  description = "The bucket to make, that DAGs are uploaded to."
  type        = string
}

variable "deployment" {
  description = "The Astro Deployment's id."
  type        = string
}

variable "token_secret_arn" {
  description = "The ARN of the Secrets Manager secret that holds the Deployment's API token."
  type        = string
}

variable "package" {
  description = "The function's package: make package writes it."
  type        = string
  default     = "../../../dist/s3sync-arm64.zip"
}
