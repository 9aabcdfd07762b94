"""From files to linked parts: look (`survey`, `index`), read (`sketch`, `gathering`), share or make (`link`, `pool`).

Nothing is executed here; what cannot be loaded leaves as a `refusal`.
"""
