mock_provider "aws" {
  source = "../../modules/aws/tests/mocks"
}

run "example" {
  variables {
    bucket           = "acme-dags"
    deployment       = "clxprod"
    token_secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf"
    package          = "../../modules/aws/tests/empty.zip"
  }
  assert {
    condition     = output.upload == "aws s3 sync --delete dags/ s3://acme-dags/dags/"
    error_message = "an author is told what to type"
  }
  assert {
    condition     = yamldecode(output.configuration).targets[0].sources == [{ url = "s3://acme-dags/dags/" }]
    error_message = "the bucket goes to the Deployment"
  }
}
