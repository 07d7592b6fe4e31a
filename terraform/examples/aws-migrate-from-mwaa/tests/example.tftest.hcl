mock_provider "aws" {
  source = "../../modules/aws/tests/mocks"
}

run "example" {
  variables {
    mwaa_bucket      = "acme-mwaa"
    mwaa_kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/mwaa"
    deployment       = "clxprod"
    token_secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf"
    package          = "../../modules/aws/tests/empty.zip"
  }
  assert {
    condition     = yamldecode(output.configuration).targets[0].sources == [{ url = "s3://acme-mwaa/dags/" }]
    error_message = "MWAA's folder goes to the Deployment"
  }
}
