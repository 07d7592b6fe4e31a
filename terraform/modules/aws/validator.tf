# The function that imports DAGs, and so runs authors' code. Its role lets that code do nothing, and its security group has no
# rules, or one to S3: nothing else leaves it, whatever routes its subnets have. It has no log, which would need a permission and hold
# what authors print.

locals {
  fetches = try(var.validator.large_bundles, null) != null

  # What anybody in the subnets may do in S3: read a bundle that the function has put there, if the function has signed that.
  validator_endpoint_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ReadSignedBundles"
      Effect    = "Allow"
      Principal = "*" # a gateway endpoint knows no other
      Action    = ["s3:GetObject"]
      Resource  = [for t in var.targets : "${local.state_bucket_arn}/${var.state.prefix}${t.deployment}/validator/*"]
      Condition = { ArnEquals = { "aws:PrincipalArn" = "arn:${local.partition}:iam::${local.account}:role/${var.name}" } }
    }]
  })

  validator_name = "${var.name}-validator"
  validator_arn  = var.validator == null ? var.validator_function_arn : "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${local.validator_name}"
}

resource "aws_security_group" "validator" {
  count = var.validator == null ? 0 : 1

  name        = local.validator_name
  description = "Lets nothing in, and nothing out but to S3 for large bundles (dagferry)"
  vpc_id      = var.validator.vpc_id
  ingress     = []
  egress = [for list in data.aws_ec2_managed_prefix_list.s3 : {
    description      = "Large bundles"
    protocol         = "tcp"
    from_port        = 443
    to_port          = 443
    prefix_list_ids  = [list.id]
    cidr_blocks      = []
    ipv6_cidr_blocks = []
    security_groups  = []
    self             = false
  }]
  tags = local.tags
}

# S3's addresses in this region, which a gateway endpoint has routes to.
data "aws_ec2_managed_prefix_list" "s3" {
  count = local.fetches ? 1 : 0

  name = "com.amazonaws.${local.region}.s3"
}

resource "aws_vpc_endpoint" "state" {
  count = length(try(var.validator.large_bundles.route_table_ids, [])) > 0 ? 1 : 0

  vpc_id            = var.validator.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.validator.large_bundles.route_table_ids
  policy            = local.validator_endpoint_policy
  tags              = local.tags
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
    size = 1024 # the largest bundle, packed and unpacked
  }

  vpc_config {
    subnet_ids         = var.validator.subnet_ids
    security_group_ids = [aws_security_group.validator[0].id]
  }

  tags = local.tags

  depends_on = [aws_iam_role_policy.validator]
}
