"""What outside refers to code of ours, found without running any of it: `holders`, and the places where they look.

`whose` an object is follows from its functions' built-in names; `doors` remember who registered what says nothing
itself.
"""
