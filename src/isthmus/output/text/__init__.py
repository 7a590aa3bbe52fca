"""Words and numbers as a reader meets them."""
