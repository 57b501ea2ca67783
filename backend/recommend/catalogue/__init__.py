"""The products of the shop: `GET /products`, `GET /products/{item_id}` and `GET /categories`."""
