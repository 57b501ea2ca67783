"""The service on the wire: requests in, answers and documented errors out, and the pages for operators."""
