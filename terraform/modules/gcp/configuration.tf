# The dagferry.yaml that the function reads.

locals {
  configuration = yamlencode({
    version = 1
    targets = [for name, t in var.targets : merge(yamldecode(t.settings), local.checks[name], {
      name       = name
      deployment = t.deployment
      token      = join("#", compact(["gcp-secret://${t.token.secret_id}", t.token.json_key]))
      state      = "gs://${local.state_bucket}/${var.state.prefix}"
      sources = [for s in local.sources : {
        for key, value in {
          url   = "gs://${local.buckets[s.bucket].name}/${s.prefix}"
          mount = s.mount
        } : key => value if value != null
      } if s.target == name]
    })]
  })

  # Who is to import DAGs need not say by what.
  checks = { for name, t in var.targets : name => {
    for key, check in { check = try(yamldecode(t.settings).check, {}) } : key => merge({ validator = local.validator_url }, check) if try(check.level, "") == "import" && local.validator_url != null
  } }

  in_object = var.configuration.place == "object"

  environment = merge(var.function.environment, {
    (local.in_object ? "DAGFERRY_CONFIG_FILE" : "DAGFERRY_CONFIG") = (
    local.in_object ? "gs://${local.state_bucket}/${var.state.prefix}dagferry.yaml" : local.configuration)
  })
  environment_length = sum([for name, value in local.environment : length(name) + length(value)])
}

# The function cannot write here: its permission ends at the folders of its Deployments.
resource "google_storage_bucket_object" "configuration" {
  count = local.in_object ? 1 : 0

  bucket       = local.state_bucket
  name         = "${var.state.prefix}dagferry.yaml"
  content      = local.configuration
  content_type = "application/yaml"

  depends_on = [google_storage_bucket.state]
}
