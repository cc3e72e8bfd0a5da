# The image. A tag is a git revision and is never reused.

resource "aws_ecr_repository" "this" {
  count = var.repository_url == null ? 1 : 0

  name                 = local.name
  image_tag_mutability = "IMMUTABLE"
  tags                 = var.tags

  image_scanning_configuration {
    scan_on_push = true
  }

  dynamic "encryption_configuration" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      encryption_type = "KMS"
      kms_key         = encryption_configuration.value
    }
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  count = var.repository_url == null ? 1 : 0

  repository = aws_ecr_repository.this[0].name

  policy = jsonencode({
    rules = [
      {
        # Counts pushes, so an older image that was deployed again ages too. Thirty pushes later it would be removed.
        rulePriority = 1
        description  = "keep the last ${var.images_kept} pushed images"
        selection = {
          tagStatus      = "tagged"
          tagPatternList = ["*"]
          countType      = "imageCountMoreThan"
          countNumber    = var.images_kept
        }
        action = { type = "expire" }
      },
      {
        # Each platform of an image is an untagged one. ECR keeps them as long as there is a list that names them, so this
        # is for what rule 1 left behind and for pushes that were cut (AWS docs, "Automate the cleanup of images").
        rulePriority = 2
        description  = "remove untagged images after a week"
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = 7
        }
        action = { type = "expire" }
      },
    ]
  })
}

# The deployed image. Terraform creates the parameter and the deploy script writes it. It is read back here, so that a
# later apply registers its revision of the task definition with the deployed image, not with an older one.
resource "aws_ssm_parameter" "image_tag" {
  name           = "/${local.name}/image-tag"
  description    = "Tag of the deployed image; written by the deploy script."
  type           = "String"
  insecure_value = "none"
  tags           = var.tags

  lifecycle {
    ignore_changes = [insecure_value]
  }
}
