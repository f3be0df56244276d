"""The meaning of what records say, as vectors: which texts of the whole registry are alike."""
