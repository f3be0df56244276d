"""Additions only: whether what a pull request would land leaves everything as it is that has landed before.

``judge.judge`` decides. ``git.py`` reads a repository as its objects alone say, ``history.py`` looks at the commits of
the request, ``trees.py`` at what it would change, ``content.py`` at what the new files say.
"""
