# Every action that the module allows, and why. A new one has to be written here too.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  package = { path = "tests/empty.zip" }
  buckets = {
    dags = { name = "acme-dags", create = true }
    ml   = { name = "ml-team", manage_bucket_notification = false, kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/ml" }
    far  = { name = "far-team", trigger = "none", role_arn = "arn:aws:iam::210987654321:role/reader", account_id = "210987654321" }
  }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/dags/" }, { bucket = "ml", mount = "ml" }, { bucket = "far", mount = "far" }]
      deployment = "clxprod"
      token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf", kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/secret" }
    }
    dev = {
      sources    = [{ bucket = "dags", prefix = "dev/dags/" }]
      deployment = "clxdev"
      token      = { parameter_arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/dagferry/dev", kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/parameter" }
    }
  }
  function               = { tracing = true }
  vpc                    = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  kms_key_arn            = "arn:aws:kms:eu-north-1:123456789012:key/own"
  validator_function_arn = "arn:aws:lambda:eu-north-1:123456789012:function:validator"
  configuration          = { place = "object" }
}

run "function" {
  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid => { actions = join(" ", s.Action), resources = s.Resource } } == {
      # Lists the prefixes of the sources; and tells an object that is missing from one that is denied.
      ListSources0 = { actions = "s3:ListBucket", resources = ["arn:aws:s3:::acme-dags"] }
      ListSources1 = { actions = "s3:ListBucket", resources = ["arn:aws:s3:::ml-team"] }
      # Reads the DAGs.
      ReadSources = { actions = "s3:GetObject", resources = ["arn:aws:s3:::acme-dags/dev/dags/*", "arn:aws:s3:::acme-dags/prod/dags/*", "arn:aws:s3:::ml-team/*"] }
      # Those that a key encrypts.
      DecryptSources = { actions = "kms:Decrypt", resources = ["arn:aws:kms:eu-north-1:123456789012:key/ml", "arn:aws:kms:eu-north-1:123456789012:key/own"] }
      # Reads the sources that another account has.
      AssumeReaders = { actions = "sts:AssumeRole", resources = ["arn:aws:iam::210987654321:role/reader"] }
      # Tells a state that is missing from one that is denied.
      ListState = { actions = "s3:ListBucket", resources = ["arn:aws:s3:::dagferry-state-123456789012"] }
      # Keeps state, manifests and records. Nothing deletes any of them.
      ReadAndWriteState = { actions = "s3:GetObject s3:PutObject", resources = ["arn:aws:s3:::dagferry-state-123456789012/state/clxdev/*", "arn:aws:s3:::dagferry-state-123456789012/state/clxprod/*"] }
      # Removes what a validator has fetched, and nothing else of the state.
      RemoveBundles = { actions = "s3:DeleteObject", resources = ["arn:aws:s3:::dagferry-state-123456789012/state/clxdev/validator/*", "arn:aws:s3:::dagferry-state-123456789012/state/clxprod/validator/*"] }
      # In a bucket that a key encrypts.
      EncryptState = { actions = "kms:Decrypt kms:GenerateDataKey", resources = ["arn:aws:kms:eu-north-1:123456789012:key/own"] }
      # Reads dagferry.yaml, where it is too long for the environment.
      ReadConfiguration = { actions = "s3:GetObject", resources = ["arn:aws:s3:::dagferry-state-123456789012/state/dagferry.yaml"] }
      # Reads the tokens, and has the keys that encrypt them used.
      ReadTokensOfSecretsManager    = { actions = "secretsmanager:GetSecretValue", resources = ["arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf"] }
      DecryptTokensOfSecretsManager = { actions = "kms:Decrypt", resources = ["arn:aws:kms:eu-north-1:123456789012:key/secret"] }
      ReadTokensOfParameterStore    = { actions = "ssm:GetParameter", resources = ["arn:aws:ssm:eu-north-1:123456789012:parameter/dagferry/dev"] }
      DecryptTokensOfParameterStore = { actions = "kms:Decrypt", resources = ["arn:aws:kms:eu-north-1:123456789012:key/parameter"] }
      # Takes messages (the mapping does, as the function), and says when those that are given back come again.
      ReceiveEvents = { actions = "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes sqs:ChangeMessageVisibility", resources = ["arn:aws:sqs:eu-north-1:123456789012:dagferry-dev", "arn:aws:sqs:eu-north-1:123456789012:dagferry-prod"] }
      # Messages that a key encrypts.
      DecryptEvents = { actions = "kms:Decrypt", resources = ["arn:aws:kms:eu-north-1:123456789012:key/own"] }
      # Writes its log. Metrics are taken from it, and need no permission. The group is there already.
      WriteLog = { actions = "logs:CreateLogStream logs:PutLogEvents", resources = ["arn:aws:logs:eu-north-1:123456789012:log-group:/aws/lambda/dagferry:*"] }
      # Has DAGs imported by a function that may do nothing.
      CallValidator = { actions = "lambda:InvokeFunction", resources = ["arn:aws:lambda:eu-north-1:123456789012:function:validator"] }
      # Traces, where they are switched on; X-Ray knows no resources.
      WriteTraces = { actions = "xray:PutTraceSegments xray:PutTelemetryRecords", resources = ["*"] }
      # What Lambda does to join a VPC, and not the function's code.
      JoinVPC     = { actions = "ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:AssignPrivateIpAddresses ec2:UnassignPrivateIpAddresses", resources = ["arn:aws:ec2:eu-north-1:*:*/*"] }
      DescribeVPC = { actions = "ec2:DescribeNetworkInterfaces ec2:DescribeSubnets", resources = ["*"] } # EC2 knows no resources for these
    }
    error_message = "the function may do something else than what is listed here"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid => s.Condition if can(s.Condition) } == {
      ListSources0                  = { StringLike = { "s3:prefix" = ["dev/dags/*", "prod/dags/*"] } }
      DecryptSources                = { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com" } }
      ListState                     = { StringLike = { "s3:prefix" = "state/*" }, StringEquals = { "aws:ResourceAccount" = "123456789012" } }
      ReadAndWriteState             = { StringEquals = { "aws:ResourceAccount" = "123456789012" } }
      RemoveBundles                 = { StringEquals = { "aws:ResourceAccount" = "123456789012" } }
      EncryptState                  = { StringEquals = { "kms:ViaService" = "s3.eu-north-1.amazonaws.com" } }
      ReadConfiguration             = { StringEquals = { "aws:ResourceAccount" = "123456789012" } }
      DecryptTokensOfSecretsManager = { StringEquals = { "kms:ViaService" = "secretsmanager.eu-north-1.amazonaws.com" } }
      DecryptTokensOfParameterStore = { StringEquals = { "kms:ViaService" = "ssm.eu-north-1.amazonaws.com" } }
      DecryptEvents                 = { StringEquals = { "kms:ViaService" = "sqs.eu-north-1.amazonaws.com" } }
      JoinVPC                       = { Null = { "lambda:SourceFunctionArn" = "true" } }
      DescribeVPC                   = { Null = { "lambda:SourceFunctionArn" = "true" } }
    }
    error_message = "a condition is missing, or is another"
  }
  assert {
    condition     = !anytrue([for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Effect != "Allow" || anytrue([for a in s.Action : strcontains(a, "*")])])
    error_message = "no action is a pattern"
  }
  assert {
    condition     = jsondecode(aws_iam_role.function.assume_role_policy).Statement[*].Principal == [{ Service = "lambda.amazonaws.com" }]
    error_message = "only Lambda takes the role"
  }
}

run "schedule" {
  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.sweep.policy).Statement : [s.Sid, join(" ", s.Action)]] == [
      ["AskForSweeps", "sqs:SendMessage"],
      ["EncryptMessages", "kms:Decrypt kms:GenerateDataKey"], # where the queues have a key
    ]
    error_message = "the schedule may send sweeps, and no more"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.sweep.policy).Statement[0].Resource == ["arn:aws:sqs:eu-north-1:123456789012:dagferry-dev", "arn:aws:sqs:eu-north-1:123456789012:dagferry-prod"]
    error_message = "into the targets' queues"
  }
  assert {
    condition = jsondecode(aws_iam_role.sweep.assume_role_policy).Statement == [{
      Effect    = "Allow", Principal = { Service = "scheduler.amazonaws.com" }, Action = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" }, ArnEquals = { "aws:SourceArn" = aws_scheduler_schedule_group.sweeps.arn } }
    }]
    error_message = "only this group's schedules take the role"
  }
}

# With no more than a bucket and a token.
run "least" {
  variables {
    buckets                = { dags = { name = "acme-dags", manage_bucket_notification = false } }
    function               = {}
    vpc                    = null
    kms_key_arn            = null
    validator_function_arn = null
    configuration          = {}
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid] == [
      "ListSources0", "ListState", "ReadAndWriteState", "ReadSources", "ReadTokensOfSecretsManager", "ReceiveEvents", "WriteLog",
    ]
    error_message = "a need that is none has no statement"
  }
}
