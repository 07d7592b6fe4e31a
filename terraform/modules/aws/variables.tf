variable "name" {
  description = "What everything that the module makes is called, or begins with. Two instances of the module in one account and region need two names, and names for their targets that differ: metrics are told apart by target."
  type        = string
  default     = "dagferry"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,29}[a-z0-9]$", var.name))
    error_message = "name: write 3 to 31 lower-case letters, digits and dashes, a letter first and no dash last: it becomes part of a bucket's name."
  }
}

variable "targets" {
  description = <<-EOT
    The Astro Deployments that DAGs are taken to, by the name that commands, logs and metrics call them. Each has a queue, a dead-letter queue, a sweep and alarms of its own.

    - `sources`: where its DAGs are. `bucket` is a key of `buckets`; `prefix` is `""` for a whole bucket; `mount` is the folder below the DAG root where the files go.
    - `deployment`: the Deployment's id, from the address of its page in the Astro UI.
    - `token`: where its API token is: the ARN of a Secrets Manager secret (`json_key` if the secret is a JSON object), or of an SSM parameter. The token itself is never given to Terraform. `kms_key_arn` if a key of yours encrypts it.
    - `sweep`: how often the function compares the bucket with Astro although nothing happened, as an EventBridge Scheduler expression; `""` for never, which leaves lost events lost.
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
      secret_arn    = optional(string)
      json_key      = optional(string)
      parameter_arn = optional(string)
      kms_key_arn   = optional(string)
    })
    sweep    = optional(string, "rate(10 minutes)")
    settings = optional(string, "{}")
  }))
  nullable = false

  validation {
    condition     = length(var.targets) > 0
    error_message = "targets: write at least one, such as prod = { sources = [{ bucket = \"dags\", prefix = \"prod/dags/\" }], deployment = \"clx…\", token = { secret_arn = \"arn:aws:secretsmanager:…\" } }."
  }
  validation {
    condition     = alltrue([for name, _ in var.targets : can(regex("^[a-z0-9][a-z0-9-]{0,29}$", name))])
    error_message = "targets: name each with 1 to 30 lower-case letters, digits and dashes, such as prod: the name becomes part of a queue's name."
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
      for s in t.sources : s.prefix == "" || can(regex("^[^/]+(/[^/]+)*/?$", s.prefix)) && !can(regex("(^|/)[.]{1,2}(/|$)|[*?\\\\[:cntrl:]]", s.prefix))
    ]]))
    error_message = "targets: write prefixes as prod/dags/: no slash in front, no empty segments, no dots for folders, no *, ? or backslash. \"\" is the whole bucket."
  }
  validation {
    condition     = length(distinct([for t in var.targets : t.deployment])) == length(var.targets)
    error_message = "targets: two of them have one Deployment, and each would undo what the other deploys. Make them one target with several sources, each with a mount."
  }
  validation {
    condition     = alltrue([for t in var.targets : can(regex("^[^/?#\\s]+$", t.deployment))])
    error_message = "targets: deployment is the Deployment's id, which stands in the address of its page in the Astro UI (…/deployments/clx…): without slashes and spaces."
  }
  validation {
    condition     = alltrue([for t in var.targets : (t.token.secret_arn == null) != (t.token.parameter_arn == null)])
    error_message = "targets: give each token either secret_arn (Secrets Manager) or parameter_arn (SSM Parameter Store), not both. Make the secret outside of Terraform, so that its value is in no state file."
  }
  validation {
    condition = alltrue([for t in var.targets :
      (t.token.secret_arn == null || can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*?#]+-[A-Za-z0-9]{6}$", t.token.secret_arn))) &&
      (t.token.parameter_arn == null || can(regex("^arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter/[^*?#]+$", t.token.parameter_arn)))
    ])
    error_message = "targets: a token's place is an ARN and never the token itself: a secret's whole ARN, with the six characters that Secrets Manager appends (aws secretsmanager describe-secret prints it), or a parameter's."
  }
  validation {
    condition     = alltrue([for t in var.targets : t.token.json_key == null || t.token.secret_arn != null])
    error_message = "targets: json_key picks a key of a Secrets Manager secret; leave it out where the token is in a parameter."
  }
  validation {
    condition     = alltrue([for t in var.targets : t.sweep == "" || can(regex("^(rate|cron)\\(.+\\)$", t.sweep))])
    error_message = "targets: write sweep as an EventBridge Scheduler expression, such as rate(10 minutes) or cron(0/10 * * * ? *), or \"\" for none."
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
  # S3 refuses two notifications whose filters overlap.
  validation {
    condition = alltrue(flatten([for a, left in var.targets : [for b, right in var.targets : [
      for s in left.sources : [for r in right.sources :
        a == b || s.bucket != r.bucket || try(var.buckets[s.bucket].trigger, "s3") != "s3" ||
        !(startswith("${s.prefix}/", "${trimsuffix(r.prefix, "/")}/") || r.prefix == "")
      ]
    ]]]))
    error_message = "targets: two of them share a prefix, or the prefix of one lies in that of the other, which S3 cannot tell to two queues. Set trigger = \"eventbridge\" for their bucket."
  }
}

variable "buckets" {
  description = <<-EOT
    The buckets that authors upload DAGs to, by a key that the targets' sources use. The key is the bucket's name too, unless `name` is given.

    - `create`: make the bucket, with versioning, encryption and no public access. `noncurrent_days` is then how long replaced and deleted files can be brought back, `force_destroy` lets `terraform destroy` delete a bucket that has files in it.
    - `trigger`: `s3` sends notifications straight to the queues; `eventbridge` is for targets with shared or nested prefixes, and for buckets whose notifications something else owns; `none` leaves it to the sweeps.
    - `manage_bucket_notification`: let the module write the bucket's notification configuration. It then owns the **whole** configuration: Terraform removes every notification of the bucket that it did not write itself. `false` leaves the bucket alone: give the output `bucket_notifications` to whoever owns it (trigger `s3`), or have EventBridge switched on for the bucket (trigger `eventbridge`). Buckets that the module creates default to `true`, for others you have to say it.
    - `region`, `role_arn`, `account_id`, `requester_pays`: how a bucket elsewhere is read. `account_id` is the account that must own it.
    - `kms_key_arn`: the key that encrypts its objects, if it is one of yours.
  EOT
  type = map(object({
    name                       = optional(string)
    create                     = optional(bool, false)
    noncurrent_days            = optional(number, 30)
    force_destroy              = optional(bool, false)
    trigger                    = optional(string, "s3")
    manage_bucket_notification = optional(bool)
    region                     = optional(string)
    role_arn                   = optional(string)
    account_id                 = optional(string)
    requester_pays             = optional(bool, false)
    kms_key_arn                = optional(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for key, b in var.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", coalesce(b.name, key)))])
    error_message = "buckets: write a bucket's name (3 to 63 lower-case letters, digits, dots and dashes) as its key, or as its attribute name."
  }
  validation {
    condition     = length(distinct([for key, b in var.buckets : coalesce(b.name, key)])) == length(var.buckets)
    error_message = "buckets: two entries have the same name. Keep one, and let the sources of all targets use its key."
  }
  validation {
    condition     = alltrue([for b in var.buckets : contains(["s3", "eventbridge", "none"], b.trigger)])
    error_message = "buckets: write trigger = \"s3\", \"eventbridge\" (targets share or nest prefixes, or something else owns the bucket's notifications) or \"none\" (sweeps only)."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.create || b.trigger == "none" || b.manage_bucket_notification != null])
    error_message = "buckets: say who owns the notifications of a bucket that exists already. manage_bucket_notification = true removes every notification of the bucket that this module does not know; with false, give the output bucket_notifications to their owner, or have EventBridge switched on for the bucket."
  }
  validation {
    condition     = alltrue([for b in var.buckets : !b.create || b.region == null && b.role_arn == null && b.account_id == null])
    error_message = "buckets: region, role_arn and account_id are for buckets that exist elsewhere; leave them out with create = true."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.region == null || b.trigger != "s3"])
    error_message = "buckets: S3 sends notifications only to queues in the bucket's own region. For a bucket with a region, use trigger = \"eventbridge\" and forward its events to this region's default bus, or \"none\"."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.manage_bucket_notification != true || b.role_arn == null && b.region == null])
    error_message = "buckets: the notifications of a bucket of another account or region cannot be managed from here: set manage_bucket_notification = false."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.account_id == null || can(regex("^[0-9]{12}$", b.account_id))])
    error_message = "buckets: write account_id as the 12 digits of the account that owns the bucket, in quotes."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", b.role_arn))])
    error_message = "buckets: write role_arn as the ARN of an IAM role that may read the bucket and trusts this module's output role_arn, such as arn:aws:iam::123456789012:role/dagferry-reader."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.noncurrent_days >= 1 && floor(b.noncurrent_days) == b.noncurrent_days])
    error_message = "buckets: write noncurrent_days as a whole number from 1."
  }
}

variable "state" {
  description = <<-EOT
    Where dagferry keeps its state: a bucket that the module creates (`name` if you do not like `<name>-state-<account>`), or one of yours with `create = false` and its `name`; and a prefix in it, which must not lie in any target's source. A created bucket keeps run records (`runs_days`) and forgets them then; state.json and manifests are never expired: without them the next run cannot tell what it would delete. For a bucket of yours, copy that lifecycle rule, and the one of `<deployment>/validator/`, which expires after a day. `kms_key_arn` is the key of a bucket of yours.
  EOT
  type = object({
    create        = optional(bool, true)
    name          = optional(string)
    prefix        = optional(string, "state/")
    runs_days     = optional(number, 90)
    force_destroy = optional(bool, false)
    kms_key_arn   = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.state.create || var.state.name != null
    error_message = "state: write the name of the bucket that exists, or leave create = false out to have one made."
  }
  validation {
    condition     = var.state.prefix == "" || can(regex("^[^/]+(/[^/]+)*/$", var.state.prefix)) && !can(regex("(^|/)[.]{1,2}(/|$)|[*?\\\\[:cntrl:]]", var.state.prefix))
    error_message = "state: write the prefix as state/: a slash at its end, none in front, no empty segments, no dots for folders, no *, ? or backslash."
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
}

variable "package" {
  description = "The function, built beforehand (`make package`, or a release): a zip by its `path`, or as an `object` in a bucket of this region, or a container `image` in ECR. Nothing is built here."
  type = object({
    path = optional(string)
    object = optional(object({
      bucket  = string
      key     = string
      version = optional(string)
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
    error_message = "package: there is no file ${coalesce(var.package.path, "-")}. Run make package in dagferry's checkout and give the path of dist/s3sync-arm64.zip, or download it from a release."
  }
  validation {
    condition = var.function.architecture == "arm64" ? (
      !can(regex("amd64|x86_64", join(" ", compact([var.package.path, try(var.package.object.key, null)]))))
      ) : (
      !can(regex("arm64|aarch64", join(" ", compact([var.package.path, try(var.package.object.key, null)]))))
    )
    error_message = "package: it was built for another processor than function.architecture says. Use s3sync-arm64.zip with arm64 (the default), s3sync-amd64.zip with x86_64."
  }
}

variable "function" {
  description = "The Lambda function. 1,769 MB is one whole vCPU; `temporary_mb` holds all DAG files of a target at once. `environment` is for variables such as ASTRO_API_URL, and never for a token. `tracing` is X-Ray's."
  type = object({
    architecture            = optional(string, "arm64")
    memory_mb               = optional(number, 1769)
    timeout_seconds         = optional(number, 900)
    temporary_mb            = optional(number, 1024)
    tracing                 = optional(bool, false)
    environment             = optional(map(string), {})
    code_signing_config_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.function.architecture)
    error_message = "function: write architecture as arm64 or x86_64."
  }
  validation {
    condition     = var.function.memory_mb >= 512 && var.function.memory_mb <= 10240
    error_message = "function: write memory_mb from 512 to 10240; 1769 is one whole vCPU."
  }
  # 150 s to gather, 600 s to finalize, 30 s to look what became of it, 30 s to answer: docs/protocol.md, Budgets.
  validation {
    condition     = var.function.timeout_seconds >= 810 && var.function.timeout_seconds <= 900
    error_message = "function: write timeout_seconds from 810, which a run may take, to 900, which Lambda allows. The function refuses to work with less."
  }
  validation {
    condition     = var.function.temporary_mb >= 512 && var.function.temporary_mb <= 10240
    error_message = "function: write temporary_mb from 512 to 10240."
  }
  validation {
    condition     = !anytrue([for name, _ in var.function.environment : contains(["DAGFERRY_CONFIG", "DAGFERRY_CONFIG_FILE"], name)])
    error_message = "function: the module writes DAGFERRY_CONFIG and DAGFERRY_CONFIG_FILE; use targets[…].settings for what is missing in it."
  }
  validation {
    condition     = !anytrue([for name, _ in var.function.environment : can(regex("(?i)token|secret|password", name))])
    error_message = "function: environment is in Terraform's state and in the Lambda console, so it must hold no token. Put the token into Secrets Manager and give targets[…].token.secret_arn."
  }
}

variable "vpc" {
  description = "Run the function in a VPC. It needs to reach S3, SQS, the token's store and, over the internet, Astro (a NAT gateway)."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0, false)
    error_message = "vpc: give at least one subnet and one security group, or leave vpc out."
  }
}

variable "logs" {
  description = "How long the function's log is kept, and the KMS key that encrypts it (its policy must allow the service `logs.<region>.amazonaws.com`)."
  type = object({
    retention_days = optional(number, 90)
    kms_key_arn    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.logs.retention_days)
    error_message = "logs: CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; write one of these as retention_days."
  }
}

variable "configuration" {
  description = "Where the function finds the dagferry.yaml that the module writes: in its `environment`, which holds about 3.5 KB (some ten targets), or in an `object` beside the state."
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
    The alarms, and the SNS topics that are told; without topics they are only to be seen. docs/operations.md says what each means and what to do.

    - `lag_seconds`: from the newest uploaded object to its being live.
    - `waiting_seconds`: the age of the oldest event that is not dealt with.
    - `token_days`: before a token expires.
    - `silent_seconds`: how long nothing may call the function although sweeps are due; 0 for no such alarm, where sweeps are rarer.
    - `rejected`: whether DAGs that are refused raise an alarm; their authors may have other ways to be told.
  EOT
  type = object({
    enabled         = optional(bool, true)
    sns_topic_arns  = optional(list(string), [])
    lag_seconds     = optional(number, 900)
    waiting_seconds = optional(number, 1800)
    token_days      = optional(number, 14)
    silent_seconds  = optional(number, 10800)
    rejected        = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in var.alarms.sns_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[^:]+$", arn))])
    error_message = "alarms: write sns_topic_arns as ARNs of SNS topics, such as arn:aws:sns:eu-north-1:123456789012:data-platform."
  }
  validation {
    condition     = var.alarms.lag_seconds >= 60 && var.alarms.waiting_seconds >= 900 && var.alarms.token_days >= 1
    error_message = "alarms: write lag_seconds from 60 (a deploy takes seconds, settling up to a minute), waiting_seconds from 900 (a run may take 780 s) and token_days from 1."
  }
  validation {
    condition     = var.alarms.silent_seconds == 0 || var.alarms.silent_seconds >= 3600 && var.alarms.silent_seconds <= 86400 && var.alarms.silent_seconds % 3600 == 0
    error_message = "alarms: write silent_seconds as whole hours from 3600 to 86400, or 0 for no such alarm."
  }
}

variable "dashboard" {
  description = "Make a CloudWatch dashboard (3 USD a month beyond the account's first three)."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key_arn" {
  description = "A KMS key of yours for the queues and the buckets that the module creates, instead of AWS's own. Its policy must allow `kms:GenerateDataKey` and `kms:Decrypt` to s3.amazonaws.com (trigger `s3`) or events.amazonaws.com (trigger `eventbridge`)."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn: write the ARN of a key, and not of an alias, such as arn:aws:kms:eu-north-1:123456789012:key/…: permissions are given to keys."
  }
}

variable "permissions_boundary_arn" {
  description = "A permissions boundary for the roles that the module makes."
  type        = string
  default     = null
}

variable "validator" {
  description = <<-EOT
    Make a Lambda function that imports DAGs, for targets whose `settings` have `check: {level: import}`. It runs authors' code: its role lets that do nothing, and its security group lets nothing in or out.

    - `image`: built from the Deployment's image by functions/validator/Dockerfile (`--target lambda`), in a private ECR repository of this account and region.
    - `vpc_id`, `subnet_ids`: where it runs: subnets without a route out, in a VPC with `enable_dns_support = false`, as security groups do not keep names from being looked up.
    - `memory_mb`: Airflow takes about 500, and a file as much as it likes up to 1,024; processors come with memory, 1,769 for each.
    - `seconds`: at most the 115 that a run has for it.
    - `large_bundles`: let it fetch bundles above the 6 MB of an event from the state's bucket, through a gateway endpoint for S3, and open its security group to S3. `route_table_ids` are those of its subnets: the endpoint that is made for them lets nothing be done but read what the function has signed. `{}` if the subnets have such an endpoint already; the output `validator_endpoint_policy` is the policy that it needs. Without `large_bundles`, nothing gets out at all, and larger ones are a finding (DF504).
  EOT
  type = object({
    image        = string
    vpc_id       = string
    subnet_ids   = list(string)
    architecture = optional(string, "x86_64")
    memory_mb    = optional(number, 3538)
    seconds      = optional(number, 115)
    large_bundles = optional(object({
      route_table_ids = optional(list(string), [])
    }))
  })
  default = null

  validation {
    condition     = var.validator == null || var.validator_function_arn == null
    error_message = "validator: the module makes one, or validator_function_arn names one that there is; leave one of the two out."
  }
  validation {
    condition     = var.validator == null || try(can(regex("^[0-9]{12}[.]dkr[.]ecr[.][a-z0-9-]+[.]amazonaws[.]com([.]cn)?/.+(:|@sha256:)", var.validator.image)), false)
    error_message = "validator: write image as one of ECR with its tag or digest, such as 123456789012.dkr.ecr.eu-north-1.amazonaws.com/validator:3.1-12; Lambda takes no others."
  }
  validation {
    condition     = var.validator == null || try(length(var.validator.subnet_ids) > 0 && can(regex("^vpc-", var.validator.vpc_id)), false)
    error_message = "validator: give vpc_id and at least one of its subnets, without a route out; outside of a VPC, a function reaches the internet."
  }
  validation {
    condition     = var.validator == null || try(contains(["arm64", "x86_64"], var.validator.architecture), false)
    error_message = "validator: write architecture as the image's, x86_64 or arm64."
  }
  validation {
    condition     = var.validator == null || try(var.validator.memory_mb >= 2048 && var.validator.memory_mb <= 10240 && var.validator.seconds >= 30 && var.validator.seconds <= 115, false)
    error_message = "validator: write memory_mb from 2048, which Airflow and one file may take, to 10240, and seconds from 30 to 115."
  }
  validation {
    condition     = alltrue([for id in try(var.validator.large_bundles.route_table_ids, []) : can(regex("^rtb-", id))])
    error_message = "validator: write large_bundles.route_table_ids as ids such as rtb-0123456789abcdef0: those of the route tables of subnet_ids."
  }
}

variable "validator_function_arn" {
  description = "A Lambda function that imports DAGs, without any permissions of its own, for the function to call: one that another instance of the module made, or you did."
  type        = string
  default     = null

  validation {
    condition     = var.validator_function_arn == null || can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[^:]+$", var.validator_function_arn))
    error_message = "validator_function_arn: write the ARN of a function without a version or an alias."
  }
}

variable "tags" {
  description = "Tags for everything that the module makes; `dagferry` with the variable name as its value is added."
  type        = map(string)
  default     = {}
  nullable    = false
}
