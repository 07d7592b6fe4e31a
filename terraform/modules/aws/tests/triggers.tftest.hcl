# How events come: each trigger, whoever owns the bucket's notifications, and several targets.

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
    dev = {
      sources    = [{ bucket = "dags", prefix = "dev/dags" }, { bucket = "dags", prefix = "dev/dags/ml/", mount = "again" }, { bucket = "dags", prefix = "shared/", mount = "shared" }]
      deployment = "clxdev"
      token      = { parameter_arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/dagferry/dev" }
      sweep      = "rate(5 minutes)"
    }
  }
}

run "s3" {
  assert {
    condition = [for q in aws_s3_bucket_notification.changes["dags"].queue : [q.id, q.filter_prefix]] == [
      ["dagferry-dev-0", "dev/dags/"],
      ["dagferry-dev-1", "shared/"],
      ["dagferry-prod-0", "prod/dags/"],
    ]
    error_message = "each prefix goes to its target's queue; one that lies in another of the same target needs none of its own, and S3 would refuse it"
  }
  assert {
    condition = alltrue([for q in aws_s3_bucket_notification.changes["dags"].queue : toset(q.events) == toset([
      "s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*", "s3:ObjectRestore:Completed"
    ])])
    error_message = "creations, removals, expirations and restores are told"
  }
  assert {
    condition     = aws_s3_bucket_notification.changes["dags"].eventbridge == false && length(aws_cloudwatch_event_rule.changes) == 0
    error_message = "without EventBridge"
  }
  assert {
    condition = jsondecode(aws_sqs_queue_policy.events["prod"].policy).Statement[1] == {
      Sid       = "NotificationsOfTheBuckets", Effect = "Allow", Principal = { Service = "s3.amazonaws.com" }, Action = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events["prod"].arn
      Condition = { ArnEquals = { "aws:SourceArn" = ["arn:aws:s3:::acme-dags"] }, StringEquals = { "aws:SourceAccount" = ["123456789012"] } }
    }
    error_message = "only this bucket, of this account, may send"
  }
  assert {
    condition     = length(aws_sqs_queue.events) == 2 && length(aws_sqs_queue.dead) == 2 && length(aws_lambda_event_source_mapping.events) == 2
    error_message = "each target has a queue, a dead-letter queue and a mapping"
  }
  assert {
    condition = yamldecode(output.configuration).targets[0] == {
      name       = "dev"
      deployment = "clxdev"
      token      = "ssm://arn:aws:ssm:eu-north-1:123456789012:parameter/dagferry/dev"
      state      = "s3://dagferry-state-123456789012/state/"
      sources = [
        { url = "s3://acme-dags/dev/dags/" },
        { url = "s3://acme-dags/dev/dags/ml/", mount = "again" },
        { url = "s3://acme-dags/shared/", mount = "shared" },
      ]
    }
    error_message = "the configuration has the sources in their order, with a slash at the end"
  }
  assert {
    condition     = { for name, s in aws_scheduler_schedule.sweep : name => s.schedule_expression } == { dev = "rate(5 minutes)", prod = "rate(10 minutes)" }
    error_message = "each target has a sweep"
  }
}

run "s3_of_somebody_else" {
  variables {
    buckets = { dags = { name = "acme-dags", manage_bucket_notification = false } }
  }
  assert {
    condition     = length(aws_s3_bucket_notification.changes) == 0 && length(aws_s3_bucket.dags) == 0
    error_message = "the bucket and its notifications are left alone"
  }
  assert {
    condition     = [for q in output.bucket_notifications["dags"] : q.filter_prefix] == ["dev/dags/", "shared/", "prod/dags/"]
    error_message = "their owner is told what to write"
  }
  assert {
    condition     = length(jsondecode(aws_sqs_queue_policy.events["prod"].policy).Statement) == 2
    error_message = "the bucket may send all the same"
  }
}

run "s3_that_exists" {
  variables {
    buckets = { dags = { name = "acme-dags", manage_bucket_notification = true } }
  }
  assert {
    condition     = aws_s3_bucket_notification.changes["dags"].bucket == "acme-dags" && length(aws_s3_bucket_notification.changes["dags"].queue) == 3
    error_message = "the module owns the notifications of a bucket that it did not make"
  }
}

run "eventbridge" {
  variables {
    buckets = { dags = { name = "acme-dags", manage_bucket_notification = true, trigger = "eventbridge" } }
    targets = { # nested prefixes
      prod = {
        sources    = [{ bucket = "dags", prefix = "dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
      ml = {
        sources    = [{ bucket = "dags", prefix = "dags/ml/" }, { bucket = "dags", prefix = "lib/", mount = "lib" }]
        deployment = "clxml"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/ml-AbCdEf" }
      }
    }
  }
  assert {
    condition     = aws_s3_bucket_notification.changes["dags"].eventbridge && length(aws_s3_bucket_notification.changes["dags"].queue) == 0
    error_message = "the bucket tells EventBridge and nobody else"
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.changes["ml/dags"].event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created", "Object Deleted", "Object Restore Completed"]
      detail = {
        bucket = { name = ["acme-dags"] }
        object = { key = [{ prefix = "dags/ml/" }, { prefix = "lib/" }] }
      }
    }
    error_message = "a rule for each target, with its prefixes"
  }
  assert {
    condition     = aws_cloudwatch_event_target.changes["ml/dags"].arn == aws_sqs_queue.events["ml"].arn && length(aws_cloudwatch_event_rule.changes) == 2
    error_message = "into the target's queue"
  }
  assert {
    condition = jsondecode(aws_sqs_queue_policy.events["ml"].policy).Statement[1] == {
      Sid       = "EventsOfTheRules", Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events["ml"].arn
      Condition = { ArnEquals = { "aws:SourceArn" = [aws_cloudwatch_event_rule.changes["ml/dags"].arn] } }
    }
    error_message = "only the rule may send"
  }
}

run "eventbridge_of_somebody_else" {
  variables {
    buckets = { dags = { name = "acme-dags", manage_bucket_notification = false, trigger = "eventbridge" } }
  }
  assert {
    condition     = length(aws_s3_bucket_notification.changes) == 0 && length(aws_cloudwatch_event_rule.changes) == 2
    error_message = "rules, and the bucket's notifications are left alone"
  }
}

run "eventbridge_with_long_names" {
  variables {
    name    = "dagferry-of-the-data-platform-x"
    buckets = { dags = { name = "acme-dags", manage_bucket_notification = false, trigger = "eventbridge" } }
    targets = {
      a-target-with-a-name-of-thirty = {
        sources    = [{ bucket = "dags" }]
        deployment = "clx"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  assert {
    condition = alltrue([for name, longest in {
      (aws_cloudwatch_event_rule.changes["a-target-with-a-name-of-thirty/dags"].name) = 64
      (aws_sqs_queue.dead["a-target-with-a-name-of-thirty"].name)                     = 80
      (aws_lambda_function.sync.function_name)                                        = 64
      (aws_iam_role.sweep.name)                                                       = 64
      (aws_s3_bucket.state[0].bucket)                                                 = 63
    } : length(name) <= longest])
    error_message = "AWS takes the longest names"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.changes["a-target-with-a-name-of-thirty/dags"].event_pattern).detail.object.key == [{ prefix = "" }]
    error_message = "a source that is a whole bucket"
  }
}

run "none" {
  variables {
    buckets = { dags = { name = "acme-dags", create = true, trigger = "none" } }
  }
  assert {
    condition     = length(aws_s3_bucket_notification.changes) == 0 && length(aws_cloudwatch_event_rule.changes) == 0 && length(jsondecode(aws_sqs_queue_policy.events["prod"].policy).Statement) == 1
    error_message = "no events, and nobody may send any"
  }
  assert {
    condition     = length(aws_scheduler_schedule.sweep) == 2
    error_message = "the sweeps do it"
  }
}

run "no_sweeps" {
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
        sweep      = ""
      }
    }
  }
  assert {
    condition     = length(aws_scheduler_schedule.sweep) == 0 && !contains(keys(aws_cloudwatch_metric_alarm.all), "silent")
    error_message = "no schedule, and nobody misses its calls"
  }
}

run "bucket_of_another_account" {
  variables {
    buckets = {
      dags = { name = "acme-dags", create = true }
      ml = {
        name    = "ml-team", region = "eu-west-1", role_arn = "arn:aws:iam::210987654321:role/dagferry-reader", account_id = "210987654321", requester_pays = true
        trigger = "eventbridge", manage_bucket_notification = false
      }
    }
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }, { bucket = "ml", mount = "ml" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf", json_key = "token" }
      }
    }
  }
  assert {
    condition = yamldecode(output.configuration).targets[0].sources[1] == {
      url           = "s3://ml-team/", mount = "ml", region = "eu-west-1", roleArn = "arn:aws:iam::210987654321:role/dagferry-reader", expectedBucketOwner = "210987654321"
      requesterPays = true
    }
    error_message = "the configuration says how the bucket is reached"
  }
  assert {
    condition     = endswith(yamldecode(output.configuration).targets[0].token, "AbCdEf#token")
    error_message = "the token is a key of a secret"
  }
  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.function.policy).Statement : s.Resource if s.Sid == "AssumeReaders"] == [["arn:aws:iam::210987654321:role/dagferry-reader"]] && !strcontains(
    aws_iam_role_policy.function.policy, "ml-team")
    error_message = "it is read with a role of its own account, and with no permission of the function"
  }
}
