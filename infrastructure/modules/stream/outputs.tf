output "arn" {
  description = "ARN of the stream, available once it accepts records."
  value       = aws_kinesis_stream.this.arn
}

output "name" {
  description = "Name of the stream."
  value       = aws_kinesis_stream.this.name
}
