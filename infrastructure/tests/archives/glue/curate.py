# stands in for the job's script
