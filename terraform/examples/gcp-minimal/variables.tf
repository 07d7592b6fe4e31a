variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "Where the function runs, and the buckets are."
  type        = string
  default     = "europe-north1"
}

variable "bucket" {
  description = "The bucket to make, that DAGs are uploaded to."
  type        = string
}

variable "deployment" {
  description = "The Astro Deployment's id."
  type        = string
}

variable "token_secret_id" {
  description = "The id of the Secret Manager secret that holds the Deployment's API token."
  type        = string
}

variable "package" {
  description = "The function's package: make package writes it."
  type        = string
  default     = "../../../dist/gcssync.zip"
}
