"""How Rivulet is packed, provisioned and run: on a laptop, and on AWS."""
