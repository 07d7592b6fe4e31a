# What the other files share: the variables' values in the shapes that resources want.

locals {
  project = trimprefix(data.google_project.here.id, "projects/")
  number  = data.google_project.here.number
  labels  = merge({ dagferry = var.name }, var.labels)

  # For how long Pub/Sub waits for an answer: the most there is. The function's budgets fit into it (docs/protocol.md, Budgets).
  ack_seconds = 600
  # The most there is (docs/protocol.md, BUSY).
  max_attempts = 100

  # Names are written, where nothing has to wait for the resources, so that a plan shows whole policies.
  pubsub_agent = "service-${local.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  buckets = { for key, b in var.buckets : key => merge(b, {
    name     = coalesce(b.name, key)
    location = lower(coalesce(b.location, var.region))
    project  = coalesce(b.project, local.project)
  }) }

  state_bucket = coalesce(var.state.name, "${var.name}-state-${local.number}")

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
