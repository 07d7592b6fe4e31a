# Each thing that can be switched on or off.

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

run "key" {
  variables {
    kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/own"
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { parameter_arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/dagferry/prod", kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/token" }
      }
    }
  }
  assert {
    condition = (
      alltrue([for q in [aws_sqs_queue.events["prod"], aws_sqs_queue.dead["prod"]] : q.kms_master_key_id == var.kms_key_arn]) &&
      alltrue([for e in [aws_s3_bucket_server_side_encryption_configuration.dags["dags"], aws_s3_bucket_server_side_encryption_configuration.state[0]] :
      one(one(e.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn])
    )
    error_message = "queues and buckets have the key"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid => [s.Resource, s.Condition] if contains(s.Action, "kms:Decrypt") } == {
      DecryptSources                = [["arn:aws:kms:eu-north-1:123456789012:key/own"], { StringLike = { "kms:ViaService" = "s3.*.amazonaws.com" } }]
      EncryptState                  = [["arn:aws:kms:eu-north-1:123456789012:key/own"], { StringEquals = { "kms:ViaService" = "s3.eu-north-1.amazonaws.com" } }]
      DecryptEvents                 = [["arn:aws:kms:eu-north-1:123456789012:key/own"], { StringEquals = { "kms:ViaService" = "sqs.eu-north-1.amazonaws.com" } }]
      DecryptTokensOfParameterStore = [["arn:aws:kms:eu-north-1:123456789012:key/token"], { StringEquals = { "kms:ViaService" = "ssm.eu-north-1.amazonaws.com" } }]
    }
    error_message = "each key may be used, by way of the service whose data it encrypts"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.sweep.policy).Statement[1].Action == ["kms:Decrypt", "kms:GenerateDataKey"]
    error_message = "the schedule encrypts its messages"
  }
}

run "function" {
  variables {
    function = {
      architecture            = "x86_64", memory_mb = 3538, timeout_seconds = 810, temporary_mb = 2048, tracing = true
      environment             = { ASTRO_API_URL = "https://api.acme.astronomer.io" }
      code_signing_config_arn = "arn:aws:lambda:eu-north-1:123456789012:code-signing-config:csc-0"
    }
    vpc                      = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
    logs                     = { retention_days = 365, kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/logs" }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    validator_function_arn   = "arn:aws:lambda:eu-north-1:123456789012:function:validator"
  }
  assert {
    condition = (
      aws_lambda_function.sync.architectures == tolist(["x86_64"]) && aws_lambda_function.sync.memory_size == 3538 && aws_lambda_function.sync.timeout == 810 &&
      aws_lambda_function.sync.ephemeral_storage[0].size == 2048 && aws_lambda_function.sync.tracing_config[0].mode == "Active" &&
      aws_lambda_function.sync.code_signing_config_arn != null && aws_lambda_function.sync.environment[0].variables["ASTRO_API_URL"] == "https://api.acme.astronomer.io"
    )
    error_message = "the function is as it was asked for"
  }
  assert {
    condition     = aws_sqs_queue.events["prod"].visibility_timeout_seconds == 870
    error_message = "the queue's time-out follows the function's"
  }
  assert {
    condition     = length(aws_lambda_function.sync.vpc_config[0].subnet_ids) == 2 && aws_lambda_function.sync.vpc_config[0].security_group_ids == toset(["sg-1"])
    error_message = "in the VPC"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 365 && aws_cloudwatch_log_group.function.kms_key_id == "arn:aws:kms:eu-north-1:123456789012:key/logs"
    error_message = "the log is kept and encrypted as asked"
  }
  assert {
    condition     = alltrue([for role in [aws_iam_role.function, aws_iam_role.sweep] : role.permissions_boundary == "arn:aws:iam::123456789012:policy/boundary"])
    error_message = "both roles have the boundary"
  }
  assert {
    condition = toset([for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid]) == toset([
      "ListSources0", "ReadSources", "ListState", "ReadAndWriteState", "RemoveBundles", "ReadTokensOfSecretsManager", "ReceiveEvents", "WriteLog", "CallValidator", "WriteTraces", "JoinVPC", "DescribeVPC",
    ])
    error_message = "validator, traces and VPC have statements"
  }
}

run "package_in_a_bucket" {
  variables {
    package = { object = { bucket = "acme-releases", key = "dagferry/1.2.3/s3sync-arm64.zip", version = "v" } }
  }
  assert {
    condition = (
      aws_lambda_function.sync.filename == null && aws_lambda_function.sync.s3_bucket == "acme-releases" && aws_lambda_function.sync.s3_object_version == "v" &&
      aws_lambda_function.sync.s3_key == "dagferry/1.2.3/s3sync-arm64.zip"
    )
    error_message = "the zip is taken from the bucket"
  }
}

run "package_as_image" {
  variables {
    package = { image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/dagferry@sha256:00" }
  }
  assert {
    condition = (
      aws_lambda_function.sync.package_type == "Image" && aws_lambda_function.sync.runtime == null && aws_lambda_function.sync.handler == null &&
      aws_lambda_function.sync.image_uri == "123456789012.dkr.ecr.eu-north-1.amazonaws.com/dagferry@sha256:00"
    )
    error_message = "an image has its own runtime and entry"
  }
}

run "state_of_yours" {
  variables {
    state   = { create = false, name = "acme-state", prefix = "dagferry/", kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/state" }
    buckets = { dags = { name = "acme-dags", manage_bucket_notification = true, kms_key_arn = "arn:aws:kms:eu-north-1:123456789012:key/dags" } }
  }
  assert {
    condition     = length(aws_s3_bucket.state) + length(aws_s3_bucket_lifecycle_configuration.state) + length(aws_s3_bucket_policy.state) == 0
    error_message = "the bucket is left alone"
  }
  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Sid => s.Resource if strcontains(s.Sid, "State") || s.Sid == "DecryptSources" } == {
      ListState         = ["arn:aws:s3:::acme-state"]
      ReadAndWriteState = ["arn:aws:s3:::acme-state/dagferry/clxprod/*"]
      EncryptState      = ["arn:aws:kms:eu-north-1:123456789012:key/state"]
      DecryptSources    = ["arn:aws:kms:eu-north-1:123456789012:key/dags"]
    }
    error_message = "permissions end at the prefix, and the buckets' keys are known"
  }
  assert {
    condition     = output.state_urls == { prod = "s3://acme-state/dagferry/" }
    error_message = "the state is there"
  }
}

run "configuration_in_an_object" {
  variables {
    configuration = { place = "object" }
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
        settings   = <<-EOT
          settle: 5s
          guard: {minFiles: 3}
          check: {onFailure: warn, exclude: ["templates/**"]}
        EOT
      }
    }
  }
  assert {
    condition = aws_lambda_function.sync.environment[0].variables == tomap({ DAGFERRY_CONFIG_FILE = "s3://dagferry-state-123456789012/state/dagferry.yaml" }) && aws_s3_object.configuration[0].key == (
    "state/dagferry.yaml")
    error_message = "the function is told where it is"
  }
  assert {
    condition     = yamldecode(aws_s3_object.configuration[0].content).targets[0].guard.minFiles == 3 && yamldecode(aws_s3_object.configuration[0].content).targets[0].check.exclude == ["templates/**"]
    error_message = "with the settings"
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s if s.Sid == "ReadConfiguration"] == [{
      Sid       = "ReadConfiguration", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::dagferry-state-123456789012/state/dagferry.yaml"]
      Condition = { StringEquals = { "aws:ResourceAccount" = "123456789012" } }
    }]
    error_message = "the function may read it, and not write it"
  }
}

run "alarms" {
  variables {
    alarms = {
      sns_topic_arns = ["arn:aws:sns:eu-north-1:123456789012:data-platform"], lag_seconds = 300, waiting_seconds = 3600
      token_days     = 30, silent_seconds = 0, rejected = false
    }
    dashboard = false
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.all) == 8 && !contains(keys(aws_cloudwatch_metric_alarm.all), "prod-rejected") && !contains(keys(aws_cloudwatch_metric_alarm.all), "silent")
    error_message = "without those that are not wanted"
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.all : alarm.alarm_actions == toset(["arn:aws:sns:eu-north-1:123456789012:data-platform"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "the topic is told, when it begins and when it ends"
  }
  assert {
    condition     = [for key in ["prod-lag", "prod-waiting", "prod-token-days"] : aws_cloudwatch_metric_alarm.all[key].threshold] == [300, 3600, 30]
    error_message = "at the thresholds that were asked for"
  }
  assert {
    condition     = length(aws_cloudwatch_dashboard.overview) == 0
    error_message = "no dashboard"
  }
}

run "no_alarms" {
  command = plan
  variables {
    alarms = { enabled = false }
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.all) == 0
    error_message = "no alarms"
  }
}

run "forced_destroy" {
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", create = true, force_destroy = true, noncurrent_days = 7 } }
    state   = { force_destroy = true, name = "acme-dagferry-state", runs_days = 30 }
  }
  assert {
    condition     = aws_s3_bucket.dags["dags"].force_destroy && aws_s3_bucket.state[0].force_destroy && aws_s3_bucket.state[0].bucket == "acme-dagferry-state"
    error_message = "buckets that go with their contents"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.dags["dags"].rule[0].noncurrent_version_expiration[0].noncurrent_days == 7 && aws_s3_bucket_lifecycle_configuration.state[0].rule[0].expiration[0].days == 30
    error_message = "and keep things for as long as asked"
  }
}
