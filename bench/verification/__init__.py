"""How far the verifiers can be trusted: the data they are measured on, the rules that alter sentences, training, cards.

Nothing here is needed to run or build the registry; it reads ``../shared/data`` and writes what the package ships.
"""
