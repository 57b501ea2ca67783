provider "aws" {
  region = var.region

  # Credentials of another account are refused before anything is read.
  allowed_account_ids = [var.account_id]

  # On the laptop AWS_ENDPOINT_URL says where the services are.
  skip_credentials_validation = var.emulated
  skip_metadata_api_check     = var.emulated
  s3_use_path_style           = var.emulated

  default_tags {
    tags = {
      Project            = var.project
      Environment        = var.environment
      ManagedBy          = "terraform"
      DataClassification = "personal"
    }
  }
}

data "aws_partition" "current" {}
