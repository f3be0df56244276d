"""The commands of ``srch`` by their subject: parsing and printing only, as in ``generator/cli.py``."""
