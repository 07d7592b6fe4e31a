# What is refused. Each run's first line is a part of the message that it must be refused with: make tf takes
# expect_failures out and looks at the messages, for a variable may be refused for more than one reason.

mock_provider "google" {
  source = "./tests/mocks"
}

variables {
  region  = "europe-north1"
  package = { path = "tests/empty.zip" }
  buckets = { dags = { name = "acme-dags", create = true } }
  targets = {
    prod = {
      sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
      deployment = "clxprod"
      token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
    }
  }
}

run "name" {
  # says: write 3 to 25 lower-case letters
  command = plan
  variables {
    name = "Dagferry_"
  }
  expect_failures = [var.name]
}

run "name_of_google" {
  # says: and not goog in front
  command = plan
  variables {
    name = "google-dags"
  }
  expect_failures = [var.name]
}

run "region" {
  # says: write a region of Cloud Run
  command = plan
  variables {
    region = "EU"
  }
  expect_failures = [var.region]
}

run "zone" {
  # says: write a region of Cloud Run
  command = plan
  variables {
    region = "europe-north1-a"
  }
  expect_failures = [var.region]
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
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
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
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
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
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
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
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
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
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
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
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
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
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "prefix_with_quote" {
  # says: write prefixes as prod/dags/
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod\"/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "prefix_with_backslash" {
  # says: write prefixes as prod/dags/
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod\\dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
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
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
      dev = {
        sources    = [{ bucket = "dags", prefix = "dev/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "deployment_that_is_an_address" {
  # says: deployment is the Deployment's id
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "https://cloud.astronomer.io/deployments/clx"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "deployment_with_quote" {
  # says: deployment is the Deployment's id
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clx\""
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "token_itself" {
  # says: and never the token itself
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "eyJhbGciOi" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "token_with_version" {
  # says: a token's place is the id of a Secret Manager secret
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod/versions/1" }
      }
    }
  }
  expect_failures = [var.targets]
}

run "sweep" {
  # says: write sweep as a cron expression
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
        sweep      = "rate(10 minutes)"
      }
    }
  }
  expect_failures = [var.targets]
}

run "settings_that_are_no_yaml" {
  # says: settings is the YAML of a target's keys
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
        settings   = "{"
      }
    }
  }
  expect_failures = [var.targets]
}

run "settings_that_are_a_list" {
  # says: settings is the YAML of a target's keys
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
        settings   = "[a]"
      }
    }
  }
  expect_failures = [var.targets]
}

run "settings_of_the_module" {
  # says: settings must not have name, sources
  command = plan
  variables {
    targets = {
      prod = {
        sources    = [{ bucket = "dags", prefix = "prod/dags/" }]
        deployment = "clxprod"
        token      = { secret_id = "projects/acme/secrets/dagferry-prod" }
        settings   = "state: gs://elsewhere/"
      }
    }
  }
  expect_failures = [var.targets]
}

run "bucket_name" {
  # says: write a bucket's name
  command = plan
  variables {
    buckets = { dags = { name = "Acme" } }
  }
  expect_failures = [var.buckets]
}

run "bucket_twice" {
  # says: two entries have the same name
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags" }, again = { name = "acme-dags" } }
  }
  expect_failures = [var.buckets]
}

run "trigger" {
  # says: write trigger = "pubsub", "eventarc"
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", trigger = "s3" } }
  }
  expect_failures = [var.buckets]
}

run "created_elsewhere" {
  # says: project is for buckets that exist in another project
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", create = true, project = "acme-data" } }
  }
  expect_failures = [var.buckets]
}

run "eventarc_of_another_project" {
  # says: Eventarc takes events of buckets of its own project only
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", trigger = "eventarc", project = "acme-data" } }
  }
  expect_failures = [var.buckets]
}

run "project_number" {
  # says: write project as the id of the project
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", project = "123456789012" } }
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

run "state_without_name" {
  # says: write the name of the bucket that exists
  command = plan
  variables {
    state = { create = false }
  }
  expect_failures = [var.state]
}

run "state_prefix" {
  # says: write the prefix as state/
  command = plan
  variables {
    state = { prefix = "state" }
  }
  expect_failures = [var.state]
}

run "state_prefix_with_quote" {
  # says: write the prefix as state/
  command = plan
  variables {
    state = { prefix = "sta\"te/" }
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
  # says: its prefix lies in the source of a target, or a source in it
  command = plan
  variables {
    state = { create = false, name = "acme-dags", prefix = "prod/dags/state/" }
  }
  expect_failures = [var.state]
}

run "source_in_the_state" {
  # says: its prefix lies in the source of a target, or a source in it
  command = plan
  variables {
    state = { create = false, name = "acme-dags", prefix = "prod/" }
  }
  expect_failures = [var.state]
}

run "state_under_eventarc" {
  # says: Eventarc tells of every change in a bucket
  command = plan
  variables {
    buckets = { dags = { name = "acme-dags", trigger = "eventarc" } }
    state   = { create = false, name = "acme-dags", prefix = "state/" }
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
    package = { path = "tests/empty.zip", image = "europe-north1-docker.pkg.dev/acme/dagferry/gcssync:1" }
  }
  expect_failures = [var.package]
}

run "missing_package" {
  # says: there is no file dist/gcssync.zip. Run make package
  command = plan
  variables {
    package = { path = "dist/gcssync.zip" }
  }
  expect_failures = [var.package]
}

run "package_of_the_other_cloud" {
  # says: this is the Lambda function's
  command = plan
  variables {
    package = { object = { bucket = "acme-releases", name = "s3sync-arm64.zip" } }
  }
  expect_failures = [var.package]
}

run "image_without_tag" {
  # says: write image with its registry
  command = plan
  variables {
    package = { image = "europe-north1-docker.pkg.dev/acme/dagferry/gcssync" }
  }
  expect_failures = [var.package]
}

run "memory" {
  # says: write memory_mb from 1024
  command = plan
  variables {
    function = { memory_mb = 512 }
  }
  expect_failures = [var.function]
}

run "cpu" {
  # says: write cpu as 1, 2, 4 or 8
  command = plan
  variables {
    function = { cpu = 0.5 }
  }
  expect_failures = [var.function]
}

run "cpu_for_much_memory" {
  # says: one for each 4096 of memory_mb
  command = plan
  variables {
    function = { memory_mb = 8192 }
  }
  expect_failures = [var.function]
}

run "cpu_always" {
  # says: cpu_always takes package.image
  command = plan
  variables {
    function = { cpu_always = true }
  }
  expect_failures = [var.function]
}

run "timeout" {
  # says: write timeout_seconds from 1170
  command = plan
  variables {
    function = { timeout_seconds = 540 }
  }
  expect_failures = [var.function]
}

run "timeout_of_an_hour" {
  # says: to 1800, for which the Scheduler waits
  command = plan
  variables {
    function = { timeout_seconds = 3600 }
  }
  expect_failures = [var.function]
}

run "ingress" {
  # says: write ingress = "internal" or "all"
  command = plan
  variables {
    function = { ingress = "public" }
  }
  expect_failures = [var.function]
}

run "runtime" {
  # says: write runtime as one of Go
  command = plan
  variables {
    function = { runtime = "python312" }
  }
  expect_failures = [var.function]
}

run "build_service_account" {
  # says: write build_service_account as projects/acme
  command = plan
  variables {
    function = { build_service_account = "builder@acme.iam.gserviceaccount.com" }
  }
  expect_failures = [var.function]
}

run "environment_of_the_module" {
  # says: the module writes DAGFERRY_CONFIG
  command = plan
  variables {
    function = { environment = { DAGFERRY_CONFIG_FILE = "gs://acme/dagferry.yaml" } }
  }
  expect_failures = [var.function]
}

run "environment_with_token" {
  # says: so it must hold no token
  command = plan
  variables {
    function = { environment = { ASTRO_API_TOKEN = "x" } }
  }
  expect_failures = [var.function]
}

run "vpc_both_ways" {
  # says: give either a connector, or a network
  command = plan
  variables {
    vpc = { connector = "c", network = "default" }
  }
  expect_failures = [var.vpc]
}

run "vpc_of_nothing" {
  # says: give either a connector, or a network
  command = plan
  variables {
    vpc = {}
  }
  expect_failures = [var.vpc]
}

run "vpc_that_takes_an_image" {
  # says: network and subnetwork take package.image
  command = plan
  variables {
    vpc = { network = "default" }
  }
  expect_failures = [var.vpc]
}

run "retention" {
  # says: write retention_days as a whole number from 1
  command = plan
  variables {
    logs = { retention_days = 0 }
  }
  expect_failures = [var.logs]
}

run "place" {
  # says: write place = "environment" or "object"
  command = plan
  variables {
    configuration = { place = "secret" }
  }
  expect_failures = [var.configuration]
}

run "channels" {
  # says: write notification_channels as their ids
  command = plan
  variables {
    alarms = { notification_channels = ["data-platform@example.com"] }
  }
  expect_failures = [var.alarms]
}

run "lag" {
  # says: write lag_seconds from 60
  command = plan
  variables {
    alarms = { lag_seconds = 5 }
  }
  expect_failures = [var.alarms]
}

run "token_days" {
  # says: and token_days from 1 to 365
  command = plan
  variables {
    alarms = { token_days = 1000 }
  }
  expect_failures = [var.alarms]
}

run "silence" {
  # says: write silent_seconds as whole hours
  command = plan
  variables {
    alarms = { silent_seconds = 86400 }
  }
  expect_failures = [var.alarms]
}

run "key_version" {
  # says: write the name of a key, and not of one of its versions
  command = plan
  variables {
    kms_key_name = "projects/acme/locations/eu/keyRings/data/cryptoKeys/dags/cryptoKeyVersions/1"
  }
  expect_failures = [var.kms_key_name]
}

run "two_validators" {
  # says: leave one of the two out
  command = plan
  variables {
    validator         = { image = "europe-docker.pkg.dev/acme/r/validator:1", network = "closed", subnetwork = "closed", ingress = "all" }
    validator_service = "projects/acme/locations/europe-north1/services/validator"
  }
  expect_failures = [var.validator]
}

run "validator_ingress" {
  # says: write ingress = "internal" or "all"
  command = plan
  variables {
    validator = { image = "europe-docker.pkg.dev/acme/r/validator:1", network = "closed", subnetwork = "closed", ingress = "none" }
  }
  expect_failures = [var.validator]
}

run "validator_out_of_reach" {
  # says: it lets in what comes through a VPC only
  command = plan
  variables {
    validator = { image = "europe-docker.pkg.dev/acme/r/validator:1", network = "closed", subnetwork = "closed" }
  }
  expect_failures = [var.validator]
}

run "validator_memory" {
  # says: write memory_mb from 2048
  command = plan
  variables {
    validator = { image = "europe-docker.pkg.dev/acme/r/validator:1", network = "closed", subnetwork = "closed", ingress = "all", memory_mb = 512 }
  }
  expect_failures = [var.validator]
}

run "validator" {
  # says: write projects/<project>/locations/<region>/services/<name>
  command = plan
  variables {
    validator_service = "https://validator.a.run.app"
  }
  expect_failures = [var.validator_service]
}

run "labels" {
  # says: write keys and values in lower-case letters
  command = plan
  variables {
    labels = { Team = "Data" }
  }
  expect_failures = [var.labels]
}
