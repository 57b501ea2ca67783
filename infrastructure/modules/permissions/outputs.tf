output "policy_json" {
  description = "Policy documents by function; the function lake needs none, since it only answers Firehose."
  value = {
    collect   = data.aws_iam_policy_document.collect.json
    forward   = data.aws_iam_policy_document.forward.json
    recommend = data.aws_iam_policy_document.recommend.json
    train     = data.aws_iam_policy_document.train.json
  }
}
