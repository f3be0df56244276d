"""A run becomes a manifest: identity, rules, contracts, store, checks. Knows neither sources and models nor pages."""
