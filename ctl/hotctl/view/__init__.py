"""Screens: pure functions from views to blocks (``page``), drawn as text (``plain``) or with rich (``paint``).

``screen`` chooses which, ``safe`` lets nothing pass that a terminal would obey. rich is imported here only, and late.
"""
