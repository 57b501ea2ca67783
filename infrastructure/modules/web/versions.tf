terraform {
  required_version = ">= 1.11.0, < 2.0.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"

      # CloudFront's firewall and access log are resources of us-east-1, wherever the environment is.
      configuration_aliases = [aws.us_east_1]
    }
  }
}
