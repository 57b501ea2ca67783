"""The JSON lines that the functions write beside events, items and users: bad rows and served lists."""
