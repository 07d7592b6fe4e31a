# The function that runs authors' code may do nothing, and reaches nothing; only the function of the module may call it.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  package = { path = "tests/empty.zip" }
  buckets = { dags = { name = "acme-dags", create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/" }]
      deployment = "clxprod"
      token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      settings   = "check: {level: import, strict: true}"
    }
    dev = {
      sources    = [{ bucket = "dags", prefix = "dev/" }]
      deployment = "clxdev"
      token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/dev-AbCdEf" }
      settings   = "check: {onFailure: warn}"
    }
  }
  validator = { image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/validator:1", vpc_id = "vpc-1", subnet_ids = ["subnet-1", "subnet-2"] }
}

run "validator" {
  assert {
    condition = alltrue([for s in jsondecode(aws_iam_role_policy.validator[0].policy).Statement :
    s.Condition == { Null = { "lambda:SourceFunctionArn" = "true" } } && alltrue([for action in s.Action : startswith(action, "ec2:")])])
    error_message = "the role's permissions are for Lambda itself, and not for the function's code"
  }
  assert {
    condition     = length(aws_security_group.validator[0].ingress) == 0 && length(aws_security_group.validator[0].egress) == 0 && aws_security_group.validator[0].vpc_id == "vpc-1"
    error_message = "nothing gets in or out"
  }
  assert {
    condition = (
      aws_lambda_function.validator[0].vpc_config[0].subnet_ids == toset(["subnet-1", "subnet-2"]) && length(aws_lambda_function.validator[0].vpc_config[0].security_group_ids) == 1 &&
      length(aws_lambda_function.validator[0].environment) == 0 && aws_lambda_function.validator[0].image_uri == var.validator.image && aws_lambda_function.validator[0].package_type == "Image"
    )
    error_message = "it is in its subnets, and has nothing in its environment"
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : [s.Action, s.Resource] if s.Sid == "CallValidator"] == [
    [["lambda:InvokeFunction"], ["arn:aws:lambda:eu-north-1:123456789012:function:dagferry-validator"]]]
    error_message = "the function calls it"
  }
  assert {
    condition = { for t in yamldecode(local.configuration).targets : t.name => t.check } == {
      prod = { level = "import", strict = true, validator = "arn:aws:lambda:eu-north-1:123456789012:function:dagferry-validator" }
      dev  = { onFailure = "warn" }
    }
    error_message = "targets that import are told by what"
  }
}

run "none" {
  variables {
    validator = null
    targets   = { prod = merge(var.targets.prod, { settings = "{}" }) }
  }
  assert {
    condition     = length(aws_lambda_function.validator) + length(aws_iam_role.validator) + length(aws_security_group.validator) == 0
    error_message = "nothing is made that nobody asked for"
  }
}
