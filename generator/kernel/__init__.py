"""A question, or a draft, becomes a run. Knows nothing of MkDocs or pages."""
