# The function, its log, and what feeds it.

resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:no secret is ever logged; logs.kms_key_arn gives a key
  #checkov:skip=CKV_AWS_338:what a run did is in its record; logs.retention_days keeps logs longer
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.logs.retention_days
  kms_key_id        = var.logs.kms_key_arn
  tags              = local.tags
}

resource "aws_lambda_function" "sync" {
  #checkov:skip=CKV_AWS_50:function.tracing switches it on
  #checkov:skip=CKV_AWS_115:throttles of reserved concurrency use up the receives of waiting messages; the mappings bound it
  #checkov:skip=CKV_AWS_116:the queues have dead-letter queues; nothing calls the function asynchronously
  #checkov:skip=CKV_AWS_117:it talks to public endpoints of AWS and Astro; vpc puts it into one
  #checkov:skip=CKV_AWS_173:the environment names where secrets are, and holds none
  #checkov:skip=CKV_AWS_272:function.code_signing_config_arn switches it on
  function_name = var.name
  description   = "Takes Airflow DAGs from S3 to Astro (dagferry)"
  role          = aws_iam_role.function.arn

  package_type      = var.package.image == null ? "Zip" : "Image"
  runtime           = var.package.image == null ? "provided.al2023" : null
  handler           = var.package.image == null ? "bootstrap" : null
  filename          = var.package.path
  source_code_hash  = var.package.path == null ? null : filebase64sha256(var.package.path)
  s3_bucket         = try(var.package.object.bucket, null)
  s3_key            = try(var.package.object.key, null)
  s3_object_version = try(var.package.object.version, null)
  image_uri         = var.package.image
  architectures     = [var.function.architecture]

  memory_size             = var.function.memory_mb
  timeout                 = var.function.timeout_seconds
  code_signing_config_arn = var.function.code_signing_config_arn

  ephemeral_storage {
    size = var.function.temporary_mb
  }

  environment {
    variables = local.environment
  }

  logging_config {
    log_format = "Text" # lines of JSON, the program's own: metrics are taken from them
    log_group  = aws_cloudwatch_log_group.function.name
  }

  tracing_config {
    mode = var.function.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tags = local.tags

  lifecycle {
    precondition {
      condition     = sum([for name, value in local.environment : length(name) + length(value)]) <= 4096 - 256
      error_message = "The configuration is too long for the function's environment, which holds 4 KB. Set configuration = { place = \"object\" }."
    }
  }

  depends_on = [aws_iam_role_policy.function, aws_s3_object.configuration]
}

resource "aws_lambda_event_source_mapping" "events" {
  for_each = var.targets

  function_name                      = aws_lambda_function.sync.arn
  event_source_arn                   = aws_sqs_queue.events[each.key].arn
  batch_size                         = 100
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = local.tags

  scaling_config {
    maximum_concurrency = 2 # the least there is; a second one finds the first at work, and gives its messages back
  }
}
