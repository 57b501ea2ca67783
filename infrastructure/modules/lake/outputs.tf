output "database_name" {
  description = "Name of the Glue database."
  value       = aws_glue_catalog_database.this.name
}

output "workgroup_name" {
  description = "Name of the Athena work group."
  value       = aws_athena_workgroup.this.name
}

output "delivery_stream_name" {
  description = "Name of the Firehose stream."
  value       = aws_kinesis_firehose_delivery_stream.this.name
}

output "served_lists_stream_name" {
  description = "Name of the Firehose stream of served lists."
  value       = aws_kinesis_firehose_delivery_stream.served_lists.name
}

output "saved_query_ids" {
  description = "Ids of the saved queries by name."
  value       = { for name, query in aws_athena_named_query.this : name => query.id }
}
