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
    condition     = length(aws_vpc_endpoint.state) == 0
    error_message = "and there is no way to S3 that nobody asked for"
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

run "large_bundles" {
  variables {
    validator = merge(var.validator, { large_bundles = { route_table_ids = ["rtb-1", "rtb-2"] } })
  }
  assert {
    condition = [for e in aws_vpc_endpoint.state : [e.vpc_id, e.service_name, e.vpc_endpoint_type, join(" ", e.route_table_ids)]] == [
    ["vpc-1", "com.amazonaws.eu-north-1.s3", "Gateway", "rtb-1 rtb-2"]]
    error_message = "the subnets have a way to S3"
  }
  assert {
    condition = jsondecode(aws_vpc_endpoint.state[0].policy).Statement == [{
      Sid       = "ReadSignedBundles", Effect = "Allow", Principal = "*", Action = ["s3:GetObject"]
      Resource  = ["arn:aws:s3:::dagferry-state-123456789012/state/clxdev/validator/*", "arn:aws:s3:::dagferry-state-123456789012/state/clxprod/validator/*"]
      Condition = { ArnEquals = { "aws:PrincipalArn" = "arn:aws:iam::123456789012:role/dagferry" } }
    }]
    error_message = "for reading what the function has signed, and nothing else"
  }
  assert {
    condition = [for rule in aws_security_group.validator[0].egress : [rule.protocol, tostring(rule.from_port), tostring(rule.to_port), join(" ", rule.prefix_list_ids), length(rule.cidr_blocks) + length(rule.ipv6_cidr_blocks) + length(rule.security_groups) == 0 ? "" : "more"]] == [
    ["tcp", "443", "443", "pl-s3", ""]]
    error_message = "and get out to S3, and nowhere else"
  }
  assert {
    condition     = length(aws_security_group.validator[0].ingress) == 0 && output.validator_endpoint_policy == aws_vpc_endpoint.state[0].policy
    error_message = "nothing gets in, and who has an endpoint already is told its policy"
  }
  assert {
    condition     = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid if s.Sid == "RemoveBundles"] == ["RemoveBundles"]
    error_message = "the function removes what it had fetched"
  }
}

run "large_bundles_by_an_endpoint_that_there_is" {
  variables {
    validator = merge(var.validator, { large_bundles = {} })
  }
  assert {
    condition     = length(aws_vpc_endpoint.state) == 0 && length(aws_security_group.validator[0].egress) == 1
    error_message = "a route table has one endpoint for S3 at most; the function gets out to it"
  }
}

run "none" {
  variables {
    validator = null
    targets   = { prod = merge(var.targets.prod, { settings = "{}" }) }
  }
  assert {
    condition     = length(aws_lambda_function.validator) + length(aws_iam_role.validator) + length(aws_security_group.validator) + length(aws_vpc_endpoint.state) == 0 && output.validator_endpoint_policy == null
    error_message = "nothing is made that nobody asked for"
  }
  assert {
    condition     = !strcontains(aws_iam_role_policy.function.policy, "s3:Delete")
    error_message = "and nothing is removed"
  }
}
