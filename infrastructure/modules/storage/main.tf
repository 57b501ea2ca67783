resource "aws_kms_key" "this" {
  description             = "${var.prefix}: events, tables, archives and logs"
  enable_key_rotation     = true
  deletion_window_in_days = 30 # the maximum, since all data is lost with the key
  policy                  = data.aws_iam_policy_document.key.json
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.prefix}"
  target_key_id = aws_kms_key.this.key_id
}
