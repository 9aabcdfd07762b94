"""How an import finds its generation: the heart, and the only code that runs at a managed import.

`part` and `modules` are what is imported, `routing` the ``__import__`` of managed code, `execution` what runs a part's
code once. `standin` answers unmanaged code under the same names, by `asking` who asks; `threads` says what a thread was
born with; `submodules` and `claims` are what packages and ``sys.modules`` show. Knows nothing of reloads.
"""
