"""What the service does, one module per kind of resource; `registry` names them all."""
