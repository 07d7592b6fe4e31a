# What the other files share: the variables' values in the shapes that resources want.

locals {
  account    = data.aws_caller_identity.here.account_id
  region     = data.aws_region.here.region
  partition  = data.aws_partition.here.partition
  dns_suffix = data.aws_partition.here.dns_suffix
  tags       = merge({ dagferry = var.name }, var.tags)

  # How long the queues hide a message: the function's time-out and 60 s (docs/protocol.md, BUSY).
  visibility_seconds = var.function.timeout_seconds + 60
  # 2 × ⌈longest lease / 30 s⌉ for a lease of 630 s, rounded up (docs/protocol.md, BUSY).
  max_receives = 50

  # ARNs are written, where nothing has to wait for the resources, so that a plan shows whole policies.
  queue_arns = { for name, _ in var.targets : name => "arn:${local.partition}:sqs:${local.region}:${local.account}:${var.name}-${name}" }
  log_arn    = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws/lambda/${var.name}"

  buckets = { for key, b in var.buckets : key => merge(b, {
    name    = coalesce(b.name, key)
    arn     = "arn:${local.partition}:s3:::${coalesce(b.name, key)}"
    account = coalesce(b.account_id, local.account)
    # Somebody else's notifications are left alone.
    notified = coalesce(b.manage_bucket_notification, b.create) && b.trigger != "none"
  }) }

  state_bucket     = coalesce(var.state.name, "${var.name}-state-${local.account}")
  state_bucket_arn = "arn:${local.partition}:s3:::${local.state_bucket}"

  sources = flatten([for name, t in var.targets : [for s in t.sources : {
    target = name
    bucket = s.bucket
    mount  = s.mount
    prefix = s.prefix == "" ? "" : "${trimsuffix(s.prefix, "/")}/"
  }]])

  # One for each target and bucket. A prefix that lies in another of the same target has its events from that one.
  filters = { for pair in distinct([for s in local.sources : { target = s.target, bucket = s.bucket }]) :
    "${pair.target}/${pair.bucket}" => merge(pair, {
      prefixes = sort(distinct([for s in local.sources : s.prefix if s.target == pair.target && s.bucket == pair.bucket && !anytrue([
        for other in local.sources : other.target == s.target && other.bucket == s.bucket && other.prefix != s.prefix && startswith(s.prefix, other.prefix)
      ])]))
    })
  }
}
