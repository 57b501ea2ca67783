output "policy_json" {
  description = "Policy documents by function."
  value = {
    authorise = data.aws_iam_policy_document.authorise.json
    collect   = data.aws_iam_policy_document.collect.json
    forward   = data.aws_iam_policy_document.forward.json
    lake      = data.aws_iam_policy_document.lake.json
    recommend = data.aws_iam_policy_document.recommend.json
    train     = data.aws_iam_policy_document.train.json
  }
}
