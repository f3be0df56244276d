"""The open full text of a paper: fetched, cut into sections in a process of its own, and the passages that matter."""
