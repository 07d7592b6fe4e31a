# What is refused. Each run's first line is a part of the message that it must be refused with: make tf takes
# expect_failures out and looks at the messages, for a variable may be refused for more than one reason.

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

run "name" {
  # says: write 3 to 31 lower-case letters
  command = plan
  variables {
    name = "Dagferry_"
  }
  expect_failures = [var.name]
}

run "no_targets" {
  # says: write at least one
  command = plan
  variables {
    targets = {}
  }
  expect_failures = [var.targets]
}

run "target_name" {
  # says: name each with 1 to 30
  command = plan
  variables {
    targets = {
      Prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "no_sources" {
  # says: give each target at least one source
  command = plan
  variables {
    targets = {
      prod = {
        sources    = []
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "unknown_bucket" {
  # says: is no key of the variable buckets (dags)
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "acme-dags" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "prefix_with_slash" {
  # says: write prefixes as prod/dags/
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "/prod/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "prefix_with_empty" {
  # says: write prefixes as prod/dags/
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod//dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "prefix_with_dots" {
  # says: write prefixes as prod/dags/
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/../dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "prefix_with_star" {
  # says: write prefixes as prod/dags/
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/*/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "one_deployment_twice" {
  # says: two of them have one Deployment
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "a/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
      dev = {
        sources    = [{ bucket = "dags", prefix = "b/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "deployment_as_an_address" {
  # says: deployment is the Deployment
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "https://cloud.astronomer.io/w/deployments/clx"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "no_token" {
  # says: secret_arn (Secrets Manager) or parameter_arn
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = {}
      }
    }
  }
  expect_failures = [var.targets]
}

run "two_tokens" {
  # says: secret_arn (Secrets Manager) or parameter_arn
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:a-AbCdEf", parameter_arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/a" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "token_itself" {
  # says: an ARN and never the token itself
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "secret_without_its_six_characters" {
  # says: six characters
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "parameter_by_its_name" {
  # says: an ARN and never the token itself
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { parameter_arn = "/dagferry/prod" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "key_of_a_parameter" {
  # says: json_key picks a key of a Secrets Manager secret
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { parameter_arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/a", json_key = "token" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "sweep" {
  # says: write sweep as an EventBridge Scheduler expression
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
        sweep      = "10 minutes"
      }
    }
  }
  expect_failures = [var.targets]
}

run "settings_that_are_no_yaml" {
  # says: settings is the YAML of a target
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
        settings   = "a: ]"
      }
    }
  }
  expect_failures = [var.targets]
}

run "settings_that_are_a_list" {
  # says: settings is the YAML of a target
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
        settings   = "[a]"
      }
    }
  }
  expect_failures = [var.targets]
}

run "settings_of_the_module" {
  # says: settings must not have name
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
        settings   = "state: s3://elsewhere/"
      }
    }
  }
  expect_failures = [var.targets]
}

run "shared_prefix" {
  # says: which S3 cannot tell to two queues
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
      dev = {
        sources    = [{ bucket = "dags", prefix = "dags" }]
        deployment = "clxdev"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "nested_prefix" {
  # says: which S3 cannot tell to two queues
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "dags/" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
      dev = {
        sources    = [{ bucket = "dags", prefix = "dags/dev/" }]
        deployment = "clxdev"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "nested_in_a_whole_bucket" {
  # says: which S3 cannot tell to two queues
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
      dev = {
        sources    = [{ bucket = "dags", prefix = "dev/" }]
        deployment = "clxdev"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "bucket_name" {
  # says: write a bucket's name
  command = plan
  variables {
    buckets = { dags = { name = "Acme_Dags", create = true } }
  }
  expect_failures = [var.buckets]
}

run "bucket_twice" {
  # says: two entries have the same name
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", create = true }, acme-dags = { create = true } }
  }
  expect_failures = [var.buckets]
}

run "trigger" {
  # says: write trigger = "s3"
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", create = true, trigger = "sns" } }
  }
  expect_failures = [var.buckets]
}

run "notifications_of_nobody" {
  # says: say who owns the notifications
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags" } }
  }
  expect_failures = [var.buckets]
}

run "bucket_made_elsewhere" {
  # says: are for buckets that exist elsewhere
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", create = true, account_id = "123456789012" } }
  }
  expect_failures = [var.buckets]
}

run "notifications_of_another_region" {
  # says: in the bucket's own region
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", region = "eu-west-1", manage_bucket_notification = false } }
  }
  expect_failures = [var.buckets]
}

run "notifications_of_another_account" {
  # says: cannot be managed from here
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", role_arn = "arn:aws:iam::210987654321:role/reader", manage_bucket_notification = true } }
  }
  expect_failures = [var.buckets]
}

run "account" {
  # says: write account_id as the 12 digits
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", account_id = "acme", manage_bucket_notification = false } }
  }
  expect_failures = [var.buckets]
}

run "role" {
  # says: write role_arn as the ARN of an IAM role
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", role_arn = "reader", manage_bucket_notification = false } }
  }
  expect_failures = [var.buckets]
}

run "noncurrent_days" {
  # says: write noncurrent_days as a whole number
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", create = true, noncurrent_days = 0 } }
  }
  expect_failures = [var.buckets]
}

run "state_without_a_bucket" {
  # says: write the name of the bucket that exists
  command = plan
  variables {
    state = { create = false }
  }
  expect_failures = [var.state]
}

run "state_prefix_with_slash" {
  # says: write the prefix as state/
  command = plan
  variables {
    state = { prefix = "/state/" }
  }
  expect_failures = [var.state]
}

run "state_prefix_without_end" {
  # says: write the prefix as state/
  command = plan
  variables {
    state = { prefix = "state" }
  }
  expect_failures = [var.state]
}

run "state_prefix_with_dots" {
  # says: write the prefix as state/
  command = plan
  variables {
    state = { prefix = "./" }
  }
  expect_failures = [var.state]
}

run "runs_days" {
  # says: write runs_days as a whole number from 7
  command = plan
  variables {
    state = { runs_days = 1 }
  }
  expect_failures = [var.state]
}

run "state_in_a_source" {
  # says: its prefix lies in the source of a target
  command = plan
  variables {
    state = { create = false, name = "acme-dags", prefix = "prod/dags/state/" }
  }
  expect_failures = [var.state]
}

run "source_in_the_state" {
  # says: its prefix lies in the source of a target
  command = plan
  variables {
    state = { create = false, name = "acme-dags", prefix = "prod/" }
  }
  expect_failures = [var.state]
}

run "state_in_a_source_that_is_a_bucket" {
  # says: its prefix lies in the source of a target
  command = plan
  variables {
    state = { create = false, name = "acme-dags", prefix = "state/" }
    targets = {
      prod = {
        sources    = [{ bucket = "dags" }]
        deployment = "clxprod"
        token      = { secret_arn = "arn:aws:secretsmanager:eu-north-1:123456789012:secret:dagferry/prod-AbCdEf" }
      }
    }
  }
  expect_failures = [var.state]
}

run "no_package" {
  # says: give exactly one of path, object and image
  command = plan
  variables {
    package = {}
  }
  expect_failures = [var.package]
}

run "two_packages" {
  # says: give exactly one of path, object and image
  command = plan
  variables {
    package = { path = "tests/empty.zip", image = "i" }
  }
  expect_failures = [var.package]
}

run "package_that_is_not_there" {
  # says: there is no file dist/s3sync-arm64.zip
  command = plan
  variables {
    package = { path = "dist/s3sync-arm64.zip" }
  }
  expect_failures = [var.package]
}

run "package_for_another_processor" {
  # says: built for another processor
  command = plan
  variables {
    package = { object = { bucket = "b", key = "s3sync-amd64.zip" } }
  }
  expect_failures = [var.package]
}

run "package_for_another_processor_too" {
  # says: built for another processor
  command = plan
  variables {
    package  = { object = { bucket = "b", key = "s3sync-arm64.zip" } }
    function = { architecture = "x86_64" }
  }
  expect_failures = [var.package]
}

run "architecture" {
  # says: write architecture as arm64 or x86_64
  command = plan
  variables {
    function = { architecture = "amd64" }
  }
  expect_failures = [var.function]
}

run "memory" {
  # says: write memory_mb from 512
  command = plan
  variables {
    function = { memory_mb = 128 }
  }
  expect_failures = [var.function]
}

run "timeout" {
  # says: write timeout_seconds from 810
  command = plan
  variables {
    function = { timeout_seconds = 600 }
  }
  expect_failures = [var.function]
}

run "timeout_beyond_lambda" {
  # says: write timeout_seconds from 810
  command = plan
  variables {
    function = { timeout_seconds = 901 }
  }
  expect_failures = [var.function]
}

run "temporary" {
  # says: write temporary_mb from 512
  command = plan
  variables {
    function = { temporary_mb = 20480 }
  }
  expect_failures = [var.function]
}

run "environment_of_the_module" {
  # says: the module writes DAGFERRY_CONFIG
  command = plan
  variables {
    function = { environment = { DAGFERRY_CONFIG = "version: 1" } }
  }
  expect_failures = [var.function]
}

run "token_in_the_environment" {
  # says: must hold no token
  command = plan
  variables {
    function = { environment = { ASTRO_API_TOKEN = "t" } }
  }
  expect_failures = [var.function]
}

run "vpc" {
  # says: at least one subnet and one security group
  command = plan
  variables {
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] }
  }
  expect_failures = [var.vpc]
}

run "log_days" {
  # says: write one of these as retention_days
  command = plan
  variables {
    logs = { retention_days = 45 }
  }
  expect_failures = [var.logs]
}

run "place" {
  # says: write place = "environment"
  command = plan
  variables {
    configuration = { place = "ssm" }
  }
  expect_failures = [var.configuration]
}

run "topic" {
  # says: write sns_topic_arns as ARNs
  command = plan
  variables {
    alarms = { sns_topic_arns = ["data-platform"] }
  }
  expect_failures = [var.alarms]
}

run "thresholds" {
  # says: write lag_seconds from 60
  command = plan
  variables {
    alarms = { waiting_seconds = 60 }
  }
  expect_failures = [var.alarms]
}

run "silence" {
  # says: write silent_seconds as whole hours
  command = plan
  variables {
    alarms = { silent_seconds = 600 }
  }
  expect_failures = [var.alarms]
}

run "key" {
  # says: write the ARN of a key
  command = plan
  variables {
    kms_key_arn = "alias/dagferry"
  }
  expect_failures = [var.kms_key_arn]
}

run "two_validators" {
  # says: leave one of the two out
  command = plan
  variables {
    validator              = { image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/validator:1", vpc_id = "vpc-1", subnet_ids = ["subnet-1"] }
    validator_function_arn = "arn:aws:lambda:eu-north-1:123456789012:function:validator"
  }
  expect_failures = [var.validator]
}

run "validator_image" {
  # says: write image as one of ECR with its tag or digest
  command = plan
  variables {
    validator = { image = "ghcr.io/acme/validator:1", vpc_id = "vpc-1", subnet_ids = ["subnet-1"] }
  }
  expect_failures = [var.validator]
}

run "validator_without_subnets" {
  # says: give vpc_id and at least one of its subnets
  command = plan
  variables {
    validator = { image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/validator:1", vpc_id = "vpc-1", subnet_ids = [] }
  }
  expect_failures = [var.validator]
}

run "validator_architecture" {
  # says: write architecture as the image's
  command = plan
  variables {
    validator = { image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/validator:1", vpc_id = "vpc-1", subnet_ids = ["subnet-1"], architecture = "amd64" }
  }
  expect_failures = [var.validator]
}

run "validator_memory" {
  # says: write memory_mb from 2048
  command = plan
  variables {
    validator = { image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/validator:1", vpc_id = "vpc-1", subnet_ids = ["subnet-1"], memory_mb = 512 }
  }
  expect_failures = [var.validator]
}

run "validator_route_tables" {
  # says: write large_bundles.route_table_ids as ids such as rtb-
  command = plan
  variables {
    validator = { image = "123456789012.dkr.ecr.eu-north-1.amazonaws.com/validator:1", vpc_id = "vpc-1", subnet_ids = ["subnet-1"], large_bundles = { route_table_ids = ["subnet-1"] } }
  }
  expect_failures = [var.validator]
}

run "validator" {
  # says: without a version or an alias
  command = plan
  variables {
    validator_function_arn = "validator"
  }
  expect_failures = [var.validator_function_arn]
}
