variable "name" {
  description = "What everything that the module makes is called, or begins with. Two instances of the module in one project need two names."
  type        = string
  default     = "dagferry"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,23}[a-z0-9]$", var.name)) && !startswith(var.name, "goog")
    error_message = "name: write 3 to 25 lower-case letters, digits and dashes, a letter first, no dash last, and not goog in front: it becomes part of a service account's name and of a bucket's."
  }
}

variable "region" {
  description = "Where the function runs, and where what the module makes is, such as europe-north1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region: write a region of Cloud Run, such as europe-north1; zones and multi-regions are none."
  }
}

variable "targets" {
  description = <<-EOT
    The Astro Deployments that DAGs are taken to, by the name that commands, logs and metrics call them. Each has a topic, a subscription, dead letters, a sweep and alarms of its own.

    - `sources`: where its DAGs are. `bucket` is a key of `buckets`; `prefix` is `""` for a whole bucket; `mount` is the folder below the DAG root where the files go.
    - `deployment`: the Deployment's id, from the address of its page in the Astro UI.
    - `token`: where its API token is: the id of a Secret Manager secret, `projects/<project>/secrets/<name>` (`json_key` if the secret is a JSON object). The token itself is never given to Terraform.
    - `sweep`: how often the function compares the bucket with Astro although nothing happened, as a cron expression in UTC; `""` for never, which leaves lost events lost.
    - `settings`: the target's other keys of dagferry.yaml (`settle`, `marker`, `ignore`, `guard`, `check`, `adopt` …), as YAML. They are text, and not attributes here, because Terraform drops attributes that it does not know without a word, and a guard that is misspelt must not be dropped: the function refuses it.
  EOT
  type = map(object({
    sources = list(object({
      bucket = string
      prefix = optional(string, "")
      mount  = optional(string)
    }))
    deployment = string
    token = object({
      secret_id = string
      json_key  = optional(string)
    })
    sweep    = optional(string, "*/10 * * * *")
    settings = optional(string, "{}")
  }))
  nullable = false

  validation {
    condition     = length(var.targets) > 0
    error_message = "targets: write at least one, such as prod = { sources = [{ bucket = \"dags\", prefix = \"prod/dags/\" }], deployment = \"clx…\", token = { secret_id = \"projects/acme/secrets/dagferry-prod\" } }."
  }
  validation {
    condition     = alltrue([for name, _ in var.targets : can(regex("^[a-z0-9][a-z0-9-]{0,29}$", name))])
    error_message = "targets: name each with 1 to 30 lower-case letters, digits and dashes, such as prod: the name becomes part of a topic's name."
  }
  validation {
    condition     = alltrue([for t in var.targets : length(t.sources) > 0])
    error_message = "targets: give each target at least one source, such as sources = [{ bucket = \"dags\", prefix = \"prod/dags/\" }]."
  }
  validation {
    condition     = alltrue(flatten([for t in var.targets : [for s in t.sources : contains(keys(var.buckets), s.bucket)]]))
    error_message = "targets: a source names a bucket that is no key of the variable buckets (${join(", ", keys(var.buckets))}). Add it there, such as buckets = { dags = { name = \"acme-dags\" } }, and write that key in the source."
  }
  validation {
    condition = alltrue(flatten([for t in var.targets : [
      for s in t.sources : s.prefix == "" || can(regex("^[^/]+(/[^/]+)*/?$", s.prefix)) && !can(regex("(^|/)[.]{1,2}(/|$)|[*?\"\\\\[:cntrl:]]", s.prefix))
    ]]))
    error_message = "targets: write prefixes as prod/dags/: no slash in front, no empty segments, no dots for folders, no *, ?, quotes or backslash. \"\" is the whole bucket."
  }
  validation {
    condition     = length(distinct([for t in var.targets : t.deployment])) == length(var.targets)
    error_message = "targets: two of them have one Deployment, and each would undo what the other deploys. Make them one target with several sources, each with a mount."
  }
  validation {
    condition     = alltrue([for t in var.targets : can(regex("^[^/?#\"\\s]+$", t.deployment))])
    error_message = "targets: deployment is the Deployment's id, which stands in the address of its page in the Astro UI (…/deployments/clx…): without slashes and spaces."
  }
  validation {
    condition     = alltrue([for t in var.targets : can(regex("^projects/[a-z0-9.:-]+/secrets/[A-Za-z0-9_-]{1,255}$", t.token.secret_id))])
    error_message = "targets: a token's place is the id of a Secret Manager secret, such as projects/acme/secrets/dagferry-prod, and never the token itself. Make the secret outside of Terraform, so that its value is in no state file."
  }
  validation {
    condition     = alltrue([for t in var.targets : t.sweep == "" || can(regex("^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$", t.sweep))])
    error_message = "targets: write sweep as a cron expression of five fields, such as */10 * * * *, or \"\" for none."
  }
  validation {
    condition     = alltrue([for t in var.targets : can(keys(yamldecode(t.settings)))])
    error_message = "targets: settings is the YAML of a target's keys, such as \"settle: 5s\" or yamlencode({ settle = \"5s\" })."
  }
  validation {
    condition = alltrue([for t in var.targets : length(setintersection(
      try(keys(yamldecode(t.settings)), []), ["name", "sources", "deployment", "token", "state"]
    )) == 0])
    error_message = "targets: settings must not have name, sources, deployment, token or state: the module writes those, from the attributes beside settings and from the variable state."
  }
}

variable "buckets" {
  description = <<-EOT
    The buckets that authors upload DAGs to, by a key that the targets' sources use. The key is the bucket's name too, unless `name` is given. Buckets that exist must have uniform bucket-level access: the permissions that the module gives end at prefixes, which access control lists cannot say.

    - `create`: make the bucket, with versioning, uniform access and no public access. `noncurrent_days` is then how long replaced and deleted files can be brought back, `force_destroy` lets `terraform destroy` delete a bucket that has files in it.
    - `location`: where it is, if not in `region`.
    - `trigger`: `pubsub` sends notifications of the prefixes to the targets' topics; `eventarc` is for organizations that route all events so; it cannot tell prefixes apart, so that every change in the bucket calls the function; `none` leaves it to the sweeps.
    - `manage_bucket_notification`, `manage_bucket_iam`: let the module add notifications to the bucket, and permissions to its policy. It leaves those of others alone. With `false`, give the outputs `bucket_notifications` and `bucket_permissions` to whoever owns the bucket.
    - `project`: the project that owns the bucket, if it is another.
  EOT
  type = map(object({
    name                       = optional(string)
    create                     = optional(bool, false)
    location                   = optional(string)
    noncurrent_days            = optional(number, 30)
    force_destroy              = optional(bool, false)
    trigger                    = optional(string, "pubsub")
    manage_bucket_notification = optional(bool, true)
    manage_bucket_iam          = optional(bool, true)
    project                    = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for key, b in var.buckets : can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", coalesce(b.name, key)))])
    error_message = "buckets: write a bucket's name (3 to 63 lower-case letters, digits, dots, dashes and underscores) as its key, or as its attribute name."
  }
  validation {
    condition     = length(distinct([for key, b in var.buckets : coalesce(b.name, key)])) == length(var.buckets)
    error_message = "buckets: two entries have the same name. Keep one, and let the sources of all targets use its key."
  }
  validation {
    condition     = alltrue([for b in var.buckets : contains(["pubsub", "eventarc", "none"], b.trigger)])
    error_message = "buckets: write trigger = \"pubsub\", \"eventarc\" (for every change in the bucket) or \"none\" (sweeps only)."
  }
  validation {
    condition     = alltrue([for b in var.buckets : !b.create || b.project == null])
    error_message = "buckets: project is for buckets that exist in another project; leave it out with create = true."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.trigger != "eventarc" || b.project == null])
    error_message = "buckets: Eventarc takes events of buckets of its own project only. For a bucket with a project, use trigger = \"pubsub\" or \"none\"."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.project == null || can(regex("^[a-z][a-z0-9.:-]{4,}[a-z0-9]$", b.project))])
    error_message = "buckets: write project as the id of the project that owns the bucket, such as acme-data; not its number."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.noncurrent_days >= 1 && floor(b.noncurrent_days) == b.noncurrent_days])
    error_message = "buckets: write noncurrent_days as a whole number from 1."
  }
}

variable "state" {
  description = <<-EOT
    Where dagferry keeps its state: a bucket that the module creates (`name` if you do not like `<name>-state-<project number>`), or one of yours with `create = false`, its `name` and uniform bucket-level access; and a prefix in it, which must not lie in any target's source. A created bucket keeps run records (`runs_days`) and forgets them then; state.json and manifests are never expired: without them the next run cannot tell what it would delete. For a bucket of yours, copy that lifecycle rule, and the one of `<deployment>/validator/`, which expires after a day. A package that is given by its path is put there too.
  EOT
  type = object({
    create        = optional(bool, true)
    name          = optional(string)
    prefix        = optional(string, "state/")
    runs_days     = optional(number, 90)
    force_destroy = optional(bool, false)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.state.create || var.state.name != null
    error_message = "state: write the name of the bucket that exists, or leave create = false out to have one made."
  }
  validation {
    condition     = var.state.prefix == "" || can(regex("^[^/]+(/[^/]+)*/$", var.state.prefix)) && !can(regex("(^|/)[.]{1,2}(/|$)|[*?\"\\\\[:cntrl:]]", var.state.prefix))
    error_message = "state: write the prefix as state/: a slash at its end, none in front, no empty segments, no dots for folders, no *, ?, quotes or backslash."
  }
  validation {
    condition     = var.state.runs_days >= 7 && floor(var.state.runs_days) == var.state.runs_days
    error_message = "state: write runs_days as a whole number from 7: dagferry status and a rejection's findings are read from the newest records."
  }
  # Every write of the state would be a change of the DAGs, or authors could write the state.
  validation {
    condition = alltrue(flatten([for t in var.targets : [for s in t.sources :
      try(coalesce(var.buckets[s.bucket].name, s.bucket), "") != coalesce(var.state.name, "-") ||
      !(startswith(var.state.prefix, s.prefix == "" ? "" : "${trimsuffix(s.prefix, "/")}/") || startswith("${s.prefix}/", var.state.prefix))
    ]]))
    error_message = "state: its prefix lies in the source of a target, or a source in it: each run would cause the next, and authors could change the state. Put the state into another prefix, or leave name out to have a bucket made for it."
  }
  validation {
    condition     = alltrue([for key, b in var.buckets : b.trigger != "eventarc" || coalesce(b.name, key) != coalesce(var.state.name, "-")])
    error_message = "state: Eventarc tells of every change in a bucket, and each write of the state would call the function. Put the state into another bucket than one with trigger = \"eventarc\", or leave name out to have one made for it."
  }
}

variable "package" {
  description = "The function, built beforehand (`make package`, or a release): the archive gcssync.zip by its `path`, or as an `object` in a bucket of this project, both of which hold vendored source that the platform compiles; or a container `image` in Artifact Registry. Nothing is built here."
  type = object({
    path = optional(string)
    object = optional(object({
      bucket     = string
      name       = string
      generation = optional(number)
    }))
    image = optional(string)
  })
  nullable = false

  validation {
    condition     = length([for given in [var.package.path, var.package.object, var.package.image] : given if given != null]) == 1
    error_message = "package: give exactly one of path, object and image."
  }
  validation {
    condition     = var.package.path == null || try(fileexists(var.package.path), false)
    error_message = "package: there is no file ${coalesce(var.package.path, "-")}. Run make package in dagferry's checkout and give the path of dist/gcssync.zip, or download it from a release."
  }
  validation {
    condition     = !can(regex("s3sync", join(" ", compact([var.package.path, try(var.package.object.name, null)]))))
    error_message = "package: this is the Lambda function's. Use gcssync.zip."
  }
  validation {
    condition     = var.package.image == null || can(regex("^[^/\\s]+/[^\\s]+(:|@sha256:)[^/\\s]+$", var.package.image))
    error_message = "package: write image with its registry and its tag or digest, such as europe-north1-docker.pkg.dev/acme/dagferry/gcssync@sha256:…; a tag that moves is not noticed."
  }
}

variable "function" {
  description = <<-EOT
    The function. There is one instance of it.

    - `memory_mb`: it holds all DAG files of a target at once, in temporary files, which are memory here. `cpu`: from 1.
    - `cpu_always`: whether the processor is there without a request, too, which costs about 60 USD a month with sweeps every ten minutes. A run outlives its request only if it takes longer than Pub/Sub waits, 600 s; without the processor it goes on when the request comes again. It takes an `image`, for which `true` is the default: functions that the platform builds know no such setting.
    - `ingress`: `internal` lets only Pub/Sub, Eventarc, the Scheduler and VPC networks of this project reach it, `all` everyone who has the permission.
    - `runtime`, `build_service_account`: what the platform compiles the source with, and as whom: an account with roles/cloudbuild.builds.builder. The project's default one, if left out, has that role in old projects only.
    - `environment`: for variables such as ASTRO_API_URL, and never for a token.
  EOT
  type = object({
    memory_mb             = optional(number, 2048)
    cpu                   = optional(number, 1)
    cpu_always            = optional(bool)
    timeout_seconds       = optional(number, 1200)
    ingress               = optional(string, "internal")
    runtime               = optional(string, "go126")
    build_service_account = optional(string)
    environment           = optional(map(string), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.function.memory_mb >= 1024 && var.function.memory_mb <= 32768
    error_message = "function: write memory_mb from 1024 to 32768: temporary files are memory."
  }
  validation {
    condition     = contains([1, 2, 4, 8], var.function.cpu) && var.function.memory_mb <= 4096 * var.function.cpu
    error_message = "function: write cpu as 1, 2, 4 or 8, one for each 4096 of memory_mb; with less than one there is one request at a time."
  }
  validation {
    condition     = var.function.cpu_always != true || var.package.image != null
    error_message = "function: cpu_always takes package.image; a function that the platform builds from source has a processor only while a request waits."
  }
  # Twice 120 s to gather, 420 s to finalize and 30 s to look what became of it, and 30 s to answer: docs/protocol.md, Budgets.
  validation {
    condition     = var.function.timeout_seconds >= 1170 && var.function.timeout_seconds <= 1800
    error_message = "function: write timeout_seconds from 1170, which a run that is at work and the next one may take together, to 1800, for which the Scheduler waits."
  }
  validation {
    condition     = contains(["internal", "all"], var.function.ingress)
    error_message = "function: write ingress = \"internal\" or \"all\"."
  }
  validation {
    condition     = can(regex("^go1[0-9]{2}$", var.function.runtime))
    error_message = "function: write runtime as one of Go, such as go126. Where the platform does not know it yet, use package.image."
  }
  validation {
    condition     = var.function.build_service_account == null || can(regex("^projects/[^/]+/serviceAccounts/[^/@]+@[^/]+$", var.function.build_service_account))
    error_message = "function: write build_service_account as projects/acme/serviceAccounts/builder@acme.iam.gserviceaccount.com."
  }
  validation {
    condition     = !anytrue([for name, _ in var.function.environment : contains(["DAGFERRY_CONFIG", "DAGFERRY_CONFIG_FILE"], name)])
    error_message = "function: the module writes DAGFERRY_CONFIG and DAGFERRY_CONFIG_FILE; use targets[…].settings for what is missing in it."
  }
  validation {
    condition     = !anytrue([for name, _ in var.function.environment : can(regex("(?i)token|secret|password", name))])
    error_message = "function: environment is in Terraform's state and in the console, so it must hold no token. Put the token into Secret Manager and give targets[…].token.secret_id."
  }
}

variable "vpc" {
  description = "Send the function's requests through a VPC: by a Serverless VPC Access `connector`, or, with `package.image`, directly by a `network` and `subnetwork`. `all_traffic` sends those to public addresses there, too; Astro must then be reached from it (Cloud NAT)."
  type = object({
    connector   = optional(string)
    network     = optional(string)
    subnetwork  = optional(string)
    all_traffic = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.vpc == null || try((var.vpc.connector != null) != (var.vpc.network != null || var.vpc.subnetwork != null), false)
    error_message = "vpc: give either a connector, or a network or subnetwork, or leave vpc out."
  }
  validation {
    condition     = var.vpc == null || try(var.vpc.connector != null, false) || var.package.image != null
    error_message = "vpc: network and subnetwork take package.image; a function that the platform builds from source takes a connector."
  }
}

variable "logs" {
  description = "How long the function's log is kept. `retention_days` makes a log bucket of its own for it, beside the project's, which keeps all logs for 30 days unless somebody set it otherwise."
  type = object({
    retention_days = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.logs.retention_days == null || try(var.logs.retention_days >= 1 && var.logs.retention_days <= 3650 && floor(var.logs.retention_days) == var.logs.retention_days, false)
    error_message = "logs: write retention_days as a whole number from 1 to 3650, or leave it out for the project's."
  }
}

variable "configuration" {
  description = "Where the function finds the dagferry.yaml that the module writes: in its `environment`, which holds about 31 KB (some hundred targets), or in an `object` beside the state."
  type = object({
    place = optional(string, "environment")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["environment", "object"], var.configuration.place)
    error_message = "configuration: write place = \"environment\" or \"object\"."
  }
}

variable "alarms" {
  description = <<-EOT
    The alert policies, and the notification channels that are told; without channels they are only to be seen. docs/operations.md says what each means and what to do.

    - `lag_seconds`: from the newest uploaded object to its being live.
    - `waiting_seconds`: the age of the oldest event that is not dealt with.
    - `token_days`: before a token expires.
    - `silent_seconds`: how long nothing may call the function although sweeps are due; 0 for no such alarm, where sweeps are rarer.
    - `rejected`: whether DAGs that are refused raise an alarm; their authors may have other ways to be told.
  EOT
  type = object({
    enabled               = optional(bool, true)
    notification_channels = optional(list(string), [])
    lag_seconds           = optional(number, 900)
    waiting_seconds       = optional(number, 1800)
    token_days            = optional(number, 14)
    silent_seconds        = optional(number, 10800)
    rejected              = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for channel in var.alarms.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", channel))])
    error_message = "alarms: write notification_channels as their ids, such as projects/acme/notificationChannels/1234567890123456789."
  }
  validation {
    condition     = var.alarms.lag_seconds >= 60 && var.alarms.lag_seconds <= 86400 && var.alarms.waiting_seconds >= 900 && var.alarms.token_days >= 1 && var.alarms.token_days <= 365
    error_message = "alarms: write lag_seconds from 60 (a deploy takes seconds, settling up to a minute) to 86400, waiting_seconds from 900 (a run may take 570 s, and be waited for) and token_days from 1 to 365."
  }
  validation {
    condition     = var.alarms.silent_seconds == 0 || var.alarms.silent_seconds >= 3600 && var.alarms.silent_seconds <= 82800 && var.alarms.silent_seconds % 3600 == 0
    error_message = "alarms: write silent_seconds as whole hours from 3600 to 82800, or 0 for no such alarm."
  }
}

variable "dashboard" {
  description = "Make a Cloud Monitoring dashboard; it costs nothing."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key_name" {
  description = "A Cloud KMS key of yours for the topics and the buckets that the module creates, instead of Google's own. The accounts of the output `service_agents` need roles/cloudkms.cryptoKeyEncrypterDecrypter on it, before anything is made with it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_name == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key_name))
    error_message = "kms_key_name: write the name of a key, and not of one of its versions, such as projects/acme/locations/europe-north1/keyRings/data/cryptoKeys/dags."
  }
}

variable "validator" {
  description = <<-EOT
    Make a Cloud Run service that imports DAGs, for targets whose `settings` have `check: {level: import}`. It runs authors' code: its service account has no role.

    - `image`: built from the Deployment's image by functions/validator/Dockerfile.
    - `network`, `subnetwork`: where all that it sends goes: a network without Cloud NAT, without Private Google Access and without routes to others, whose firewall refuses egress. For bundles above the 32 MB of a request, which are fetched from Cloud Storage, the subnetwork needs Private Google Access, the firewall lets TCP 443 out to Google's APIs and nothing else, and the function's project needs the API `iamcredentials.googleapis.com`; without, larger ones are a finding (DF504).
    - `memory_mb`: Airflow takes about 500, and a file as much as it likes up to 1,024.
    - `seconds`: at most the 85 that a run has for it.
    - `ingress`: `internal` lets in only requests that come through a VPC, so the function needs `vpc`; with `all`, it is the permission to call the service that keeps others out.
  EOT
  type = object({
    image      = string
    network    = string
    subnetwork = string
    cpu        = optional(number, 2)
    memory_mb  = optional(number, 4096)
    seconds    = optional(number, 85)
    ingress    = optional(string, "internal")
  })
  default = null

  validation {
    condition     = var.validator == null || var.validator_service == null
    error_message = "validator: the module makes one, or validator_service names one that there is; leave one of the two out."
  }
  validation {
    condition     = var.validator == null || try(contains(["internal", "all"], var.validator.ingress), false)
    error_message = "validator: write ingress = \"internal\" or \"all\"."
  }
  validation {
    condition     = var.validator == null || try(var.validator.ingress != "internal" || var.vpc != null, false)
    error_message = "validator: with ingress = \"internal\" it lets in what comes through a VPC only; give vpc to the function, or write ingress = \"all\", where the permission to call it keeps others out."
  }
  validation {
    condition     = var.validator == null || try(var.validator.memory_mb >= 2048 && var.validator.memory_mb <= 32768 && contains([1, 2, 4, 8], var.validator.cpu) && var.validator.seconds >= 30 && var.validator.seconds <= 85, false)
    error_message = "validator: write memory_mb from 2048, which Airflow and one file may take, to 32768, cpu as 1, 2, 4 or 8, and seconds from 30 to 85."
  }
}

variable "validator_service" {
  description = "A Cloud Run service that imports DAGs, without any permissions of its own, for the function to call: one that another instance of the module made, or you did. Its address goes into `settings`, as `check.validator`."
  type        = string
  default     = null

  validation {
    condition     = var.validator_service == null || can(regex("^projects/[^/]+/locations/[^/]+/services/[^/]+$", var.validator_service))
    error_message = "validator_service: write projects/<project>/locations/<region>/services/<name>."
  }
}

variable "labels" {
  description = "Labels for everything that the module makes and that can have some; `dagferry` with the variable name as its value is added."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels: write keys and values in lower-case letters, digits, dashes and underscores, 63 at most, a letter first in keys."
  }
}
