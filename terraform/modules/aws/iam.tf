# One role for the function and one for the schedule. Each need has a statement, named for it; a need without resources
# is left out.

locals {
  here     = "${local.region}.${local.dns_suffix}"
  own      = { for key, b in local.buckets : key => b if b.role_arn == null } # the others are read with roles of theirs
  secrets  = compact([for t in var.targets : t.token.secret_arn])
  params   = compact([for t in var.targets : t.token.parameter_arn])
  only_via = { for service in ["s3", "sqs", "secretsmanager", "ssm"] : service => { StringEquals = { "kms:ViaService" = "${service}.${local.here}" } } }

  needs = merge(
    # Without s3:ListBucket an object that is missing is a denied one. One for each bucket: prefixes of one are none of another.
    { for key, b in local.own : "ListSources${index(keys(local.own), key)}" => {
      actions   = ["s3:ListBucket"]
      resources = length(local.listed[key]) == 0 ? [] : [b.arn]
      condition = contains(local.listed[key], "") ? null : { StringLike = { "s3:prefix" = [for prefix in local.listed[key] : "${prefix}*"] } }
    } },
    {
      ReadSources = {
        actions   = ["s3:GetObject"]
        resources = flatten([for key, b in local.own : [for prefix in local.listed[key] : "${b.arn}/${prefix}*"]])
        condition = null
      }
      DecryptSources = {
        actions   = ["kms:Decrypt"]
        resources = distinct(compact(concat([for b in local.own : b.kms_key_arn], [for b in local.created : var.kms_key_arn])))
        condition = { StringLike = { "kms:ViaService" = "s3.*.${local.dns_suffix}" } } # the bucket's region
      }
      AssumeReaders = {
        actions   = ["sts:AssumeRole"]
        resources = distinct(compact([for b in local.buckets : b.role_arn]))
        condition = null
      }
      ListState = {
        actions   = ["s3:ListBucket"]
        resources = [local.state_bucket_arn]
        condition = {
          StringLike   = { "s3:prefix" = "${var.state.prefix}*" }
          StringEquals = { "aws:ResourceAccount" = local.account }
        }
      }
      # Never s3:DeleteObject: state.json is replaced only, and so is all else but what a validator fetches.
      ReadAndWriteState = {
        actions   = ["s3:GetObject", "s3:PutObject"]
        resources = [for t in var.targets : "${local.state_bucket_arn}/${var.state.prefix}${t.deployment}/*"]
        condition = { StringEquals = { "aws:ResourceAccount" = local.account } }
      }
      RemoveBundles = {
        actions   = ["s3:DeleteObject"]
        resources = local.validator_arn == null ? [] : [for t in var.targets : "${local.state_bucket_arn}/${var.state.prefix}${t.deployment}/validator/*"]
        condition = { StringEquals = { "aws:ResourceAccount" = local.account } }
      }
      EncryptState = {
        actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
        resources = compact([var.state.create ? var.kms_key_arn : var.state.kms_key_arn])
        condition = local.only_via.s3
      }
      ReadConfiguration = {
        actions   = ["s3:GetObject"]
        resources = local.in_object ? ["${local.state_bucket_arn}/${var.state.prefix}dagferry.yaml"] : []
        condition = { StringEquals = { "aws:ResourceAccount" = local.account } }
      }
      ReadTokensOfSecretsManager = {
        actions   = ["secretsmanager:GetSecretValue"]
        resources = distinct(local.secrets)
        condition = null
      }
      ReadTokensOfParameterStore = {
        actions   = ["ssm:GetParameter"]
        resources = distinct(local.params)
        condition = null
      }
      DecryptTokensOfSecretsManager = {
        actions   = ["kms:Decrypt"]
        resources = distinct(compact([for t in var.targets : t.token.kms_key_arn if t.token.secret_arn != null]))
        condition = local.only_via.secretsmanager
      }
      DecryptTokensOfParameterStore = {
        actions   = ["kms:Decrypt"]
        resources = distinct(compact([for t in var.targets : t.token.kms_key_arn if t.token.parameter_arn != null]))
        condition = local.only_via.ssm
      }
      # sqs:ChangeMessageVisibility: messages come back when the run that is at work may have ended.
      ReceiveEvents = {
        actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
        resources = values(local.queue_arns)
        condition = null
      }
      DecryptEvents = {
        actions   = ["kms:Decrypt"]
        resources = compact([var.kms_key_arn])
        condition = local.only_via.sqs
      }
      WriteLog = {
        actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        resources = ["${local.log_arn}:*"]
        condition = null
      }
      CallValidator = {
        actions   = ["lambda:InvokeFunction"]
        resources = compact([local.validator_arn])
        condition = null
      }
      WriteTraces = {
        actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        resources = var.function.tracing ? ["*"] : [] # X-Ray knows no resources for these
        condition = null
      }
      # Lambda itself does these, before the function runs, and the function's own code may not. Subnets may be another
      # account's that shares them.
      JoinVPC = {
        actions   = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
        resources = var.vpc == null ? [] : ["arn:${local.partition}:ec2:${local.region}:*:*/*"]
        condition = { Null = { "lambda:SourceFunctionArn" = "true" } }
      }
      DescribeVPC = {
        actions   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        resources = var.vpc == null ? [] : ["*"] # EC2 knows no resources for these
        condition = { Null = { "lambda:SourceFunctionArn" = "true" } }
      }
    },
  )

  # The prefixes that are read in each bucket.
  listed = { for key, _ in local.buckets : key => sort(distinct(flatten([for f in local.filters : f.prefixes if f.bucket == key]))) }

  function_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for sid, need in local.needs : {
      for key, value in { Sid = sid, Effect = "Allow", Action = need.actions, Resource = need.resources, Condition = need.condition } : key => value if value != null
    } if length(need.resources) > 0]
  })
}

resource "aws_iam_role" "function" {
  name                 = var.name
  description          = "What the function ${var.name} may do"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "function" {
  name   = "needs"
  role   = aws_iam_role.function.id
  policy = local.function_policy

  lifecycle {
    precondition {
      condition     = length(local.function_policy) <= 10240
      error_message = "The function's policy is longer than the 10,240 characters that IAM allows a role. Use several instances of the module, each with some of the targets."
    }
  }
}

resource "aws_iam_role" "sweep" {
  name                 = "${var.name}-sweep"
  description          = "Lets the schedules of ${var.name} ask for sweeps"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnEquals    = { "aws:SourceArn" = aws_scheduler_schedule_group.sweeps.arn }
      }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "sweep" {
  name = "needs"
  role = aws_iam_role.sweep.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid      = "AskForSweeps"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = values(local.queue_arns)
      }],
      [for key in compact([var.kms_key_arn]) : {
        Sid       = "EncryptMessages"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [key]
        Condition = local.only_via.sqs
      }],
    )
  })
}
