"""What is on disk: which names live where (`roots`, `disk`, through `files`), and what their text says.

`source` is the bytes of one file, read once; `scan`, `circumstances` and `below` read off what it may import; `data`
and `resources` are the files that are no code; `origins` tells which commit is checked out. Nothing here has run.
"""
