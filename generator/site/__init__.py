"""Manifests become pages. Knows nothing of models or literature sources."""
