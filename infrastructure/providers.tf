provider "aws" {
  region = var.region

  # Credentials of another account are refused before the first read.
  allowed_account_ids = [var.account_id]

  # On the laptop AWS_ENDPOINT_URL is the endpoint of all services.
  skip_credentials_validation = var.emulated
  skip_metadata_api_check     = var.emulated
  s3_use_path_style           = var.emulated

  default_tags {
    tags = local.tags
  }
}

# For the firewall and the logs of CloudFront, which are resources of this region.
provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  allowed_account_ids = [var.account_id]

  skip_credentials_validation = var.emulated
  skip_metadata_api_check     = var.emulated

  default_tags {
    tags = local.tags
  }
}

data "aws_partition" "current" {}

# The parameters that the training workflow has published; in a new environment there are none.
data "aws_ssm_parameters_by_path" "published" {
  path = "/${var.project}/${var.environment}"
}
