# The function that imports DAGs, and so runs authors' code. Its role lets that code do nothing, and its security group has no
# rules: nothing leaves it, whatever routes its subnets have. It has no log, which would need a permission and hold what authors print.

locals {
  validator_name = "${var.name}-validator"
  validator_arn  = var.validator == null ? var.validator_function_arn : "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.validator_name}"
}

resource "aws_security_group" "validator" {
  count = var.validator == null ? 0 : 1

  name        = local.validator_name
  description = "Lets nothing in and nothing out (dagferry)"
  vpc_id      = var.validator.vpc_id
  ingress     = []
  egress      = []
  tags        = local.tags
}

resource "aws_iam_role" "validator" {
  count = var.validator == null ? 0 : 1

  name                 = local.validator_name
  description          = "Lets the code of ${local.validator_name} do nothing"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy   = aws_iam_role.function.assume_role_policy
  tags                 = local.tags
}

# Lambda itself does these, to put the function into its VPC; the conditions keep them from the function's code.
resource "aws_iam_role_policy" "validator" {
  count = var.validator == null ? 0 : 1

  name = "lambda-joins-the-vpc"
  role = aws_iam_role.validator[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "JoinVPC"
        Effect    = "Allow"
        Action    = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]
        Resource  = ["arn:${local.partition}:ec2:${local.region}:*:*/*"]
        Condition = { Null = { "lambda:SourceFunctionArn" = "true" } }
      },
      {
        Sid       = "DescribeVPC"
        Effect    = "Allow"
        Action    = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
        Resource  = ["*"] # EC2 knows no resources for these
        Condition = { Null = { "lambda:SourceFunctionArn" = "true" } }
      },
    ]
  })
}

resource "aws_lambda_function" "validator" {
  #checkov:skip=CKV_AWS_50:a trace would need a permission
  #checkov:skip=CKV_AWS_115:only one function calls it, for one run of a target at a time
  #checkov:skip=CKV_AWS_116:nothing calls it asynchronously
  #checkov:skip=CKV_AWS_272:code signing is for packages, and this is an image
  count = var.validator == null ? 0 : 1

  function_name = local.validator_name
  description   = "Imports Airflow DAGs, and may do nothing else (dagferry)"
  role          = aws_iam_role.validator[0].arn
  package_type  = "Image"
  image_uri     = var.validator.image
  architectures = [var.validator.architecture]
  memory_size   = var.validator.memory_mb
  timeout       = var.validator.seconds

  ephemeral_storage {
    size = 1024 # the largest bundle, unpacked
  }

  vpc_config {
    subnet_ids         = var.validator.subnet_ids
    security_group_ids = [aws_security_group.validator[0].id]
  }

  tags = local.tags

  depends_on = [aws_iam_role_policy.validator]
}
