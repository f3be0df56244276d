"""The stages with a model. Each asks through an ``Asker``, checks what comes back, and gives data with its label.

None of them swallows a failure: ``ModelError`` reaches the caller, who goes on with the offline method and tells why.
Only the choice of claims falls back paper by paper.
"""
