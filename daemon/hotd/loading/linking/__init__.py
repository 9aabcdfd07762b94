"""From files to linked parts.

What changed (`survey`, `index`), what is there (`look`), what it imports and reads (`sketcher`, `targets`, `sketch`,
`gathering`), what is shared and what made (`link`, `pool`).

Nothing is executed here; what cannot be loaded leaves as a `refusal`.
"""
