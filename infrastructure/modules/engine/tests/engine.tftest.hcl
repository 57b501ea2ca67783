# The real provider without a network: the documents are rendered as they are sent to AWS.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  partition                = "aws"
  region                   = "eu-central-1"
  account_id               = "123456789012"
  prefix                   = "rivulet-test"
  key_arn                  = "arn:aws:kms:eu-central-1:123456789012:key/none"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/rivulet-boundary-test"
  buckets                  = { datasets = "datasets", artifacts = "artifacts" }
  log_retention_days       = 30
}

run "an_existing_cluster_is_used_and_not_changed" {
  command = plan

  variables {
    existing_cluster = "shop"
    namespaces       = ["search", "rivulet"]
  }

  assert {
    condition     = length(aws_eks_cluster.this) + length(aws_iam_role.cluster) + length(aws_eks_access_entry.administrators) + length(aws_cloudwatch_log_group.cluster) == 0
    error_message = "A second cluster is created, or the existing one is changed."
  }

  assert {
    condition     = { for namespace, association in aws_eks_pod_identity_association.this : namespace => "${association.cluster_name} ${association.service_account}" } == { rivulet = "shop rivulet-engine", search = "shop rivulet-engine" }
    error_message = "The pods of a namespace would have no role."
  }

  assert {
    condition     = one(jsondecode(data.aws_iam_policy_document.trust.json).Statement).Condition == { ArnEquals = { "aws:SourceArn" = "arn:aws:eks:eu-central-1:123456789012:cluster/shop" }, StringEquals = { "aws:SourceAccount" = "123456789012" } }
    error_message = "The pods of another cluster may have the role."
  }

  assert {
    condition = (
      yamldecode(output.kustomization).images == [{ name = "rivulet-engine", newName = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/rivulet-test-engine" }]
      && yamldecode(output.kustomization).namespace == "rivulet" && length(yamldecode(output.kustomization).patches) == 1
    )
    error_message = "The kustomization has another image or namespace, or Auto Mode's volumes."
  }
}

run "the_role_reads_data_sets_and_writes_under_its_prefix" {
  command = plan

  variables {
    existing_cluster = "shop"
  }

  assert {
    condition = { for statement in jsondecode(data.aws_iam_policy_document.this.json).Statement : statement.Sid => statement.Resource } == {
      ReadImports              = ["arn:aws:s3:::datasets/*", "arn:aws:s3:::artifacts/engine/*"]
      WriteExportsAndResults   = "arn:aws:s3:::artifacts/engine/*"
      ListItsBuckets           = ["arn:aws:s3:::datasets", "arn:aws:s3:::artifacts"]
      DecryptAndEncryptObjects = "arn:aws:kms:eu-central-1:123456789012:key/none"
    }
    error_message = "The role may access other resources."
  }

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && one(aws_ecr_repository.this.encryption_configuration).kms_key == var.key_arn
    error_message = "A pushed image could be replaced, or is not encrypted with the environment's key."
  }
}

run "a_created_cluster_is_private_encrypted_and_has_administrators" {
  command = plan

  variables {
    new_cluster = { subnet_ids = ["subnet-a", "subnet-b"], administrators = ["arn:aws:iam::123456789012:role/platform"] }
  }

  assert {
    condition     = aws_eks_cluster.this[0].name == "rivulet-test-engine" && one(aws_eks_cluster.this[0].vpc_config).endpoint_private_access && !one(aws_eks_cluster.this[0].vpc_config).endpoint_public_access
    error_message = "The cluster has another name, or its endpoint is public."
  }

  assert {
    condition     = one(one(aws_eks_cluster.this[0].encryption_config).provider).key_arn == var.key_arn && aws_cloudwatch_log_group.cluster[0].kms_key_id == var.key_arn
    error_message = "Secrets or the log of the control plane are not encrypted with the environment's key."
  }

  assert {
    # EKS refuses Auto Mode unless all three are on.
    condition     = one(aws_eks_cluster.this[0].compute_config).enabled && one(one(aws_eks_cluster.this[0].storage_config).block_storage).enabled && one(one(aws_eks_cluster.this[0].kubernetes_network_config).elastic_load_balancing).enabled && !aws_eks_cluster.this[0].bootstrap_self_managed_addons
    error_message = "The cluster is not in Auto Mode."
  }

  assert {
    condition     = { for purpose, role in aws_iam_role.cluster : role.name => role.permissions_boundary } == { for name in ["cluster", "nodes"] : "rivulet-test-engine-${name}" => "arn:aws:iam::123456789012:policy/rivulet-boundary-test-engine" }
    error_message = "A role of the cluster has another boundary than bootstrap's."
  }

  assert {
    condition     = length(aws_iam_role_policy_attachment.cluster) == 7 && [for association in aws_eks_access_policy_association.administrators : association.principal_arn] == ["arn:aws:iam::123456789012:role/platform"]
    error_message = "A role lacks a managed policy, or the cluster an administrator."
  }

  assert {
    condition     = strcontains(output.kustomization, "provisioner: ebs.csi.eks.amazonaws.com")
    error_message = "The engine's volume would wait for a driver that Auto Mode does not have."
  }
}

run "an_endpoint_is_public_for_named_networks_only" {
  command = plan

  variables {
    new_cluster = { subnet_ids = ["subnet-a", "subnet-b"], administrators = ["arn:aws:iam::123456789012:role/platform"], public_access_cidrs = ["192.0.2.0/24"] }
  }

  assert {
    condition     = one(aws_eks_cluster.this[0].vpc_config).endpoint_public_access && one(aws_eks_cluster.this[0].vpc_config).public_access_cidrs == toset(["192.0.2.0/24"])
    error_message = "The administrators' network does not reach the cluster, or others do."
  }
}

run "neither_a_new_nor_an_existing_cluster_is_refused" {
  command = plan

  expect_failures = [var.new_cluster]
}

run "values_that_would_fail_at_apply_are_refused_at_plan" {
  command = plan

  variables {
    existing_cluster = "shop"
    new_cluster      = { subnet_ids = ["subnet-a"], administrators = [], public_access_cidrs = ["0.0.0.0/0"] }
    namespaces       = ["Rivulet"]
  }

  expect_failures = [var.new_cluster, var.namespaces]
}

run "subnets_that_are_the_same_are_refused" {
  command = plan

  variables {
    new_cluster = { subnet_ids = ["subnet-a", "subnet-a"], administrators = ["arn:aws:iam::123456789012:role/platform"] }
  }

  expect_failures = [var.new_cluster]
}

run "a_session_as_administrator_is_refused" {
  command = plan

  variables {
    new_cluster = { subnet_ids = ["subnet-a", "subnet-b"], administrators = ["arn:aws:sts::123456789012:assumed-role/platform/me"] }
  }

  expect_failures = [var.new_cluster]
}

run "a_version_that_is_none_is_refused" {
  command = plan

  variables {
    new_cluster = { subnet_ids = ["subnet-a", "subnet-b"], administrators = ["arn:aws:iam::123456789012:role/platform"], version = "newest" }
  }

  expect_failures = [var.new_cluster]
}

run "a_private_network_of_a_public_endpoint_is_refused" {
  command = plan

  variables {
    new_cluster = { subnet_ids = ["subnet-a", "subnet-b"], administrators = ["arn:aws:iam::123456789012:role/platform"], public_access_cidrs = ["10.0.0.0/8"] }
  }

  expect_failures = [var.new_cluster]
}

run "every_address_of_ipv6_is_refused" {
  command = plan

  variables {
    new_cluster = { subnet_ids = ["subnet-a", "subnet-b"], administrators = ["arn:aws:iam::123456789012:role/platform"], public_access_cidrs = ["::/0"] }
  }

  expect_failures = [var.new_cluster]
}
