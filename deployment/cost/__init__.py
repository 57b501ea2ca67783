"""What the pipeline costs on AWS in a month, from its traffic and a Terraform plan."""
