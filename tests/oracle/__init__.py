"""Random programs, edited step by step under a loader, and each version run alone: what differs is a defect.

``program`` is what a program is as data, ``spelling`` and ``writing`` make source of it, ``making`` and ``editing``
invent it and change it, ``scenario`` puts a program's life in order. ``play`` lives it under a loader, ``alone`` runs
one version in a process that never heard of hotd; both are looked at by ``observing``. ``running`` brings the two
together, ``judging`` compares, ``closures`` says by reading what must be the same object, ``shrinking`` makes a failing
scenario small and ``telling`` prints it. ``python -m tests.oracle SEED`` plays one by hand.
"""
