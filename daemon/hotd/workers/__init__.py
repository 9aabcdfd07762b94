"""Instances on threads of this process, and what becomes of what they print.

``threads`` runs them, ``life`` is one of them from start to end; ``tee`` takes what is printed, ``stream`` cuts it into
lines, ``book`` keeps those.
"""
