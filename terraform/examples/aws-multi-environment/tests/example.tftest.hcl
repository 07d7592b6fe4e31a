mock_provider "aws" {
  source = "../../modules/aws/tests/mocks"
}

run "example" {
  variables {
    platform_bucket   = "acme-dags"
    ml_bucket         = { name = "acme-ml", account_id = "210987654321", role_arn = "arn:aws:iam::210987654321:role/dagferry-reader" }
    deployments       = { dev = "clxdev", prod = "clxprod" }
    token_secret_arns = { dev = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/dev-AbCdEf", prod = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
    email             = "data-platform@example.com"
    package           = "../../modules/aws/tests/empty.zip"
  }
  assert {
    condition     = [for t in yamldecode(output.configuration).targets : length(t.sources)] == [3, 3]
    error_message = "both are composed of three sources"
  }
}
