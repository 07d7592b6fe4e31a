variable "mwaa_bucket" {
  description = "The environment's bucket (aws mwaa get-environment: SourceBucketArn)."
  type        = string
}

variable "mwaa_dags_prefix" {
  description = "The folder of its DAGs (aws mwaa get-environment: DagS3Path)."
  type        = string
  default     = "dags/"
}

variable "mwaa_kms_key_arn" {
  description = "The key that encrypts the bucket, if it is one of yours; its policy has to allow the output role_arn kms:Decrypt."
  type        = string
  default     = null
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
