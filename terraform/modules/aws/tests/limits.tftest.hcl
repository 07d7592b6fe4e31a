# What is refused because AWS has no room for it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  package = { path = "tests/empty.zip" }
  buckets = { dags = { name = "acme-dags", create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
      deployment = "clxprod"
      token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
    }
  }
}

run "configuration_that_is_too_long" {
  command = plan
  variables {
    targets = { for i in range(16) : "target-${i}" => {
      sources    = [{ bucket = "dags", prefix = "environments/number-${i}/dags/" }]
      deployment = "clx${i}"
      token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
    } }
  }
  expect_failures = [aws_lambda_function.sync]
}

run "policy_that_is_too_long" {
  command = plan
  variables {
    targets = { for i in range(40) : "target-${i}" => {
      sources    = [{ bucket = "dags", prefix = "environments/number-${i}/dags/" }]
      deployment = "clx${i}"
      token      = { parameter_arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/dagferry/${i}" }
    } }
    configuration = { place = "object" }
  }
  expect_failures = [aws_iam_role_policy.function]
}
