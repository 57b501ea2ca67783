"""Where events are delivered: the API, or a Kinesis stream; one interface for both."""
