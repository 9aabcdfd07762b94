"""What is done to the process, by the first open loader, and undone by the last that closes: `hooks` lists it.

Each of the others makes one facility of Python's that goes by a module's name, or asks for a caller, or starts a
child, mean the generation that uses it.
"""
