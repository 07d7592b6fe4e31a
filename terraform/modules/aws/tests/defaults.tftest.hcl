# What the module makes when it is told no more than it must be.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  package = { path = "tests/empty.zip" }
  buckets = { acme-dags = { create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "acme-dags", prefix = "prod/dags/" }]
      deployment = "clxprod"
      token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
    }
  }
}

run "function" {
  assert {
    condition = (
      aws_lambda_function.sync.runtime == "provided.al2023" && aws_lambda_function.sync.handler == "bootstrap" &&
      aws_lambda_function.sync.architectures == tolist(["arm64"]) && aws_lambda_function.sync.memory_size == 1769 &&
      aws_lambda_function.sync.timeout == 900 && aws_lambda_function.sync.ephemeral_storage[0].size == 1024 &&
      aws_lambda_function.sync.package_type == "Zip"
    )
    error_message = "the function is a zip for provided.al2023 on arm64, with one vCPU and Lambda's longest time-out"
  }
  assert {
    condition     = length(aws_lambda_function.sync.vpc_config) == 0 && aws_lambda_function.sync.tracing_config[0].mode == "PassThrough" && aws_lambda_function.sync.reserved_concurrent_executions == null
    error_message = "no VPC, no tracing, and no reserved concurrency, whose throttles use up receives"
  }
  assert {
    condition     = aws_cloudwatch_log_group.function.name == "/aws/lambda/dagferry" && aws_cloudwatch_log_group.function.retention_in_days == 90
    error_message = "the log is kept for a time"
  }
}

run "configuration" {
  assert {
    condition = yamldecode(aws_lambda_function.sync.environment[0].variables["DAGFERRY_CONFIG"]) == {
      version = 1
      targets = [{
        name       = "prod"
        deployment = "clxprod"
        sources    = [{ url = "s3://acme-dags/prod/dags/" }]
        token      = "secretsmanager://arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf"
        state      = "s3://dagferry-state-123456789012/state/"
      }]
    }
    error_message = "dagferry.yaml has the target and nothing that was not asked for"
  }
  assert {
    condition     = keys(aws_lambda_function.sync.environment[0].variables) == tolist(["DAGFERRY_CONFIG"]) && output.configuration == aws_lambda_function.sync.environment[0].variables["DAGFERRY_CONFIG"]
    error_message = "the function reads its environment, and the output says the same"
  }
}

run "queue" {
  assert {
    condition     = aws_sqs_queue.events["prod"].visibility_timeout_seconds == 960 && jsondecode(aws_sqs_queue.events["prod"].redrive_policy).maxReceiveCount == 50
    error_message = "the queue hides messages for the function's time-out and a minute, and gives them up after 50 receives"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.events["prod"].redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead["prod"].arn && aws_sqs_queue.dead["prod"].message_retention_seconds == 1209600
    error_message = "given-up messages stay for two weeks"
  }
  assert {
    condition     = aws_sqs_queue.events["prod"].sqs_managed_sse_enabled && aws_sqs_queue.dead["prod"].sqs_managed_sse_enabled && aws_sqs_queue.events["prod"].fifo_queue == null
    error_message = "standard queues, encrypted"
  }
  assert {
    condition = (
      aws_lambda_event_source_mapping.events["prod"].batch_size == 100 &&
      aws_lambda_event_source_mapping.events["prod"].maximum_batching_window_in_seconds == 1 &&
      aws_lambda_event_source_mapping.events["prod"].scaling_config[0].maximum_concurrency == 2 &&
      aws_lambda_event_source_mapping.events["prod"].function_response_types == toset(["ReportBatchItemFailures"])
    )
    error_message = "the mapping collects for a second, has two at work, and takes messages back one by one"
  }
}

run "bucket" {
  assert {
    condition = (
      aws_s3_bucket.dags["acme-dags"].bucket == "acme-dags" && aws_s3_bucket.dags["acme-dags"].force_destroy == false &&
      aws_s3_bucket_versioning.dags["acme-dags"].versioning_configuration[0].status == "Enabled" &&
      one(one(aws_s3_bucket_server_side_encryption_configuration.dags["acme-dags"].rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    )
    error_message = "a bucket that the module makes has versions and encryption"
  }
  assert {
    condition = alltrue([for block in [aws_s3_bucket_public_access_block.dags["acme-dags"], aws_s3_bucket_public_access_block.state[0]] :
    block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "nothing is public"
  }
  assert {
    condition = jsondecode(aws_s3_bucket_policy.dags["acme-dags"].policy).Statement[0] == {
      Sid       = "DenyUnencryptedTransport", Effect = "Deny", Principal = "*", Action = "s3:*"
      Resource  = ["arn:aws:s3:::acme-dags", "arn:aws:s3:::acme-dags/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
    error_message = "nobody talks to it without TLS"
  }
}

run "state" {
  assert {
    condition     = aws_s3_bucket.state[0].bucket == "dagferry-state-123456789012" && output.state_urls == { prod = "s3://dagferry-state-123456789012/state/" }
    error_message = "the state has a bucket of its own"
  }
  assert {
    condition = [for r in aws_s3_bucket_lifecycle_configuration.state[0].rule : [r.filter[0].prefix, r.expiration[0].days] if length(r.expiration) > 0] == [
      ["state/clxprod/runs/", 90],
      ["state/clxprod/validator/", 1],
    ]
    error_message = "run records expire, and bundles for a validator that were left, and nothing else of the state"
  }
}

run "sweep" {
  assert {
    condition     = aws_scheduler_schedule.sweep["prod"].schedule_expression == "rate(10 minutes)" && jsondecode(aws_scheduler_schedule.sweep["prod"].target[0].input) == { dagferry = { sweep = "prod" } }
    error_message = "a sweep every ten minutes"
  }
  assert {
    condition     = aws_scheduler_schedule.sweep["prod"].target[0].arn == aws_sqs_queue.events["prod"].arn
    error_message = "through the target's queue"
  }
}

run "alarms" {
  assert {
    condition = { for key, alarm in aws_cloudwatch_metric_alarm.all : key => alarm.treat_missing_data } == {
      errors            = "notBreaching"
      throttles         = "notBreaching"
      silent            = "breaching"
      prod-dead-letters = "notBreaching"
      prod-waiting      = "notBreaching"
      prod-lag          = "notBreaching"
      prod-rejected     = "notBreaching"
      prod-denied       = "notBreaching"
      prod-failed       = "notBreaching"
      prod-token-days   = "ignore"
    }
    error_message = "the alarms, and what the absence of data means to each"
  }
  assert {
    condition = (
      aws_cloudwatch_metric_alarm.all["prod-rejected"].namespace == "dagferry" && aws_cloudwatch_metric_alarm.all["prod-rejected"].metric_name == "Runs" &&
      aws_cloudwatch_metric_alarm.all["prod-rejected"].dimensions == tomap({ Target = "prod", Outcome = "rejected" }) &&
      aws_cloudwatch_metric_alarm.all["prod-token-days"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.all["prod-token-days"].threshold == 14 &&
      aws_cloudwatch_metric_alarm.all["silent"].comparison_operator == "LessThanThreshold" && aws_cloudwatch_metric_alarm.all["silent"].period == 10800
    )
    error_message = "they watch what the function tells"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.overview[0].dashboard_body).widgets) == 11
    error_message = "the dashboard has its panels"
  }
}

run "tags" {
  variables {
    tags = { team = "data" }
  }
  assert {
    condition = alltrue([for tags in concat(
      [for r in aws_s3_bucket.dags : r.tags], [for r in aws_s3_bucket.state : r.tags], [for r in aws_sqs_queue.events : r.tags], [for r in aws_sqs_queue.dead : r.tags],
      [for r in aws_lambda_event_source_mapping.events : r.tags], [for r in aws_cloudwatch_metric_alarm.all : r.tags],
      [aws_lambda_function.sync.tags, aws_cloudwatch_log_group.function.tags, aws_iam_role.function.tags, aws_iam_role.sweep.tags, aws_scheduler_schedule_group.sweeps.tags],
    ) : tags == tomap({ dagferry = "dagferry", team = "data" })])
    error_message = "everything has the tags"
  }
}
