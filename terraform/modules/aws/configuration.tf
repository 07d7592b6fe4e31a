# The dagferry.yaml that the function reads.

locals {
  configuration = yamlencode({
    version = 1
    targets = [for name, t in var.targets : merge(yamldecode(t.settings), local.checks[name], {
      name       = name
      deployment = t.deployment
      token      = local.token_references[name]
      state      = "s3://${local.state_bucket}/${var.state.prefix}"
      sources = [for s in local.sources : {
        for key, value in {
          url                 = "s3://${local.buckets[s.bucket].name}/${s.prefix}"
          mount               = s.mount
          region              = local.buckets[s.bucket].region
          roleArn             = local.buckets[s.bucket].role_arn
          expectedBucketOwner = local.buckets[s.bucket].account_id
          requesterPays       = local.buckets[s.bucket].requester_pays ? true : null
        } : key => value if value != null
      } if s.target == name]
    })]
  })

  # Who is to import DAGs need not say by what.
  checks = { for name, t in var.targets : name => {
    for key, check in { check = try(yamldecode(t.settings).check, {}) } : key => merge({ validator = local.validator_arn }, check) if try(check.level, "") == "import" && local.validator_arn != null
  } }

  token_references = { for name, t in var.targets : name => t.token.secret_arn == null ? "ssm://${t.token.parameter_arn}" :
  join("#", compact(["secretsmanager://${t.token.secret_arn}", t.token.json_key])) }

  in_object = var.configuration.place == "object"

  environment = merge(var.function.environment, {
    (local.in_object ? "DAGFERRY_CONFIG_FILE" : "DAGFERRY_CONFIG") = (
    local.in_object ? "s3://${local.state_bucket}/${var.state.prefix}dagferry.yaml" : local.configuration)
  })
}

# The function cannot write here: its permission ends at the folders of its Deployments.
resource "aws_s3_object" "configuration" {
  #checkov:skip=CKV_AWS_186:it holds no secrets, and has the encryption of its bucket
  count = local.in_object ? 1 : 0

  bucket       = local.state_bucket
  key          = "${var.state.prefix}dagferry.yaml"
  content      = local.configuration
  content_type = "application/yaml"

  depends_on = [aws_s3_bucket.state]
}
