output "cluster_name" {
  description = "EKS cluster that runs the engine."
  value       = local.cluster_name
}

output "repository_url" {
  description = "ECR repository of the engine's image."
  value       = local.repository_url
}

output "kustomization" {
  description = "Kustomization of the engine for build/engine/kustomization.yaml, in the first of the namespaces."
  value = templatefile("${path.module}/kustomization.yaml.tftpl", {
    namespace      = sort(tolist(var.namespaces))[0]
    repository_url = local.repository_url
    region         = var.region
    account_id     = var.account_id
    auto_mode      = var.existing_cluster == null
  })
}
