variable "project" {
  description = "The project's id: the environment's, or another one that may read its bucket."
  type        = string
}

variable "region" {
  description = "Where the function runs, best where the bucket is."
  type        = string
  default     = "europe-north1"
}

variable "composer_bucket" {
  description = "The environment's bucket (gcloud composer environments describe: config.dagGcsPrefix), without gs:// and /dags."
  type        = string
}

variable "uniform_access" {
  description = "Whether the bucket has uniform bucket-level access. Without it, permissions cannot end at a folder: README.md says how to give them by hand."
  type        = bool
  default     = true
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
