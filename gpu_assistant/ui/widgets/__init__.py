"""Parts that several pages are made of. They are given plain data and report through one `on_…` callable."""
