"""The products of the shop: `GET /products` and `GET /products/{item_id}`."""
