output "alarms" {
  description = "The alarm on executions that could not be started, by name."
  value       = module.alarms.alarms
}

output "queue_name" {
  description = "Name of the queue with executions that could not be started."
  value       = aws_sqs_queue.this.name
}

output "inputs" {
  description = "Input of the execution that each schedule starts, by the schedule's name."
  value       = { for schedule in aws_scheduler_schedule.this : schedule.name => jsondecode(one(schedule.target).input) }
}
