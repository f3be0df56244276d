"""Chat and embedding models behind the OpenAI-compatible protocol: settings, transport, and what a stage asks with."""
