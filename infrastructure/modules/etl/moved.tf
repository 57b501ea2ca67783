# The addresses of the time when this module had one job.
moved {
  from = aws_s3_object.this["script"]
  to   = aws_s3_object.this["datasets"]
}

moved {
  from = aws_glue_job.this
  to   = aws_glue_job.this["datasets"]
}

moved {
  from = aws_glue_security_configuration.this
  to   = aws_glue_security_configuration.this["datasets"]
}

moved {
  from = aws_iam_role.this
  to   = aws_iam_role.this["datasets"]
}

moved {
  from = aws_iam_role_policy.this
  to   = aws_iam_role_policy.this["datasets"]
}

moved {
  from = aws_cloudwatch_log_group.this["error"]
  to   = aws_cloudwatch_log_group.this["datasets-error"]
}

moved {
  from = aws_cloudwatch_log_group.this["output"]
  to   = aws_cloudwatch_log_group.this["datasets-output"]
}
