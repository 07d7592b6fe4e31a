# A sweep compares the bucket with Astro although nothing happened: it repairs what was lost, and notices what people
# changed at Astro.

locals {
  sweeps = { for name, t in var.targets : name => t.sweep if t.sweep != "" }
}

resource "aws_scheduler_schedule_group" "sweeps" {
  name = var.name
  tags = local.tags
}

resource "aws_scheduler_schedule" "sweep" {
  #checkov:skip=CKV_AWS_297:the message names the target, and no more
  for_each = local.sweeps

  name                = each.key
  group_name          = aws_scheduler_schedule_group.sweeps.name
  description         = "Compare what ${each.key} has at Astro with its bucket"
  schedule_expression = each.value

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sqs_queue.events[each.key].arn
    role_arn = aws_iam_role.sweep.arn
    input    = jsonencode({ dagferry = { sweep = each.key } })

    retry_policy {
      maximum_event_age_in_seconds = 300 # the next sweep does the same
      maximum_retry_attempts       = 3
    }
  }

  depends_on = [aws_iam_role_policy.sweep]
}
