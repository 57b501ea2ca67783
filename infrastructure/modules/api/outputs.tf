output "api_id" {
  description = "Id of the API."
  value       = aws_api_gateway_rest_api.this.id
}

output "api_name" {
  description = "Name of the API, a dimension of its metrics."
  value       = aws_api_gateway_rest_api.this.name
}

output "stage_name" {
  description = "Name of the deployed stage."
  value       = aws_api_gateway_stage.this.stage_name
}

output "url" {
  description = "Base URL of the API on AWS, without a trailing slash."
  value       = aws_api_gateway_stage.this.invoke_url
}
