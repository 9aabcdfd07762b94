"""Generations of code that coexist in one process. Usable without the daemon: `Loader`.

How an import finds its generation, on one page. The rooms, each knowing only those before it: `sources` (what is on
disk), `imports` (the heart), `linking` (from files to parts), `outside` (what refers to code of ours), `process` (what
is done to Python), `memory` (what is still there); and around them, here, what users see.

* A **part** (`imports.part`) is one module object, the bytes it was made from (`sources.source`), and *edges*: for
  every dotted name that its code imports, anywhere in it, the part which that name means. Edges are read off the
  bytecode (`sources.scan`) before anything runs, and cover the closure at any depth. So old code may import for the
  first time a helper that was edited or deleted since: the part, with its bytes, is already there.
* Each part's module has a ``__builtins__`` of its own, whose ``__import__`` (`imports.routing`) is a function that
  knows the part. CPython asks exactly that one for every import statement of the part's code, also in a thread, a
  coroutine or ``__del__``. Names with an edge are executed (`imports.execution`) and returned; everything else goes to
  Python's own import. The part itself stands in the same ``__builtins__``, so any frame can tell whose code it runs.
* A **generation** (`generation`) is a number, a digest, and the parts of its entries. What else belongs to it is what
  their edges reach. There is no table to swap and nothing to re-home: code sees its generation because of what it is
  linked to, for as long as it lives, and is freed when nobody holds it.
* A reload (`loader`) **looks** (`looks`, `linking.survey`): which files differ, and who imports them, directly or not.
  It **sketches** those (`linking.sketcher`), reading each file once, and taking over what cannot have changed from the
  part before; **links** the sketches (`linking.link`, `linking.pool`): a part in service whose whole closure has the
  same digest and the same objects is shared, any other is made afresh; **executes** them aside (`attempt`); and
  promotes by swapping one reference (`roster`). Whatever goes wrong before that is a value (`linking.refusal`), and
  leaves nothing. What would execute a part again that is to be kept (`keeping`) goes no further than the look.
* Code that is not ours, and libraries that resolve names on behalf of ours (pickle, dataclasses, typing), go to
  ``sys.modules``. There stands, under each managed name, one **stand-in** (`imports.standin`) for all generations,
  which is the module of whoever asks (`imports.asking`): the nearest managed frame whose closure has the name, else the
  generation that the thread was bound to or born with (`imports.threads`), else the head.
* A package does not get its submodules as attributes unless its own ``__init__`` imports them, or nobody can mean
  another (`imports.claims`): it may be shared by generations that do not share those. It finds them by asker too
  (`imports.submodules`).
* **Data files** (`sources.data`, `linking.gathering`, `sources.resources`) that are declared, or that lie beside code
  which reads them through its loader, belong to the parts in the nearest folder of code: digested with them, and read
  from them by old code.
* A **bundle** (`bundling`) is all of a generation as plain bytes. Loading one asks it in the place of the disk.
* Names that only running the code reveals (computed names for ``import_module``) become edges when they are imported;
  `linking.pool` loads them.

A generation that is retired (`reclaim`) says goodbye (`dispose`), and is gone: `memory` proves it, or says what holds
it. What a candidate that is thrown away left outside itself is its `residue`: cleared where that is safe, told, and
watched until it is gone; `clearing` does that for the daemon.

Code objects carry the hash of their content in ``co_filename`` (`hotd.core.marks`), so that whoever shows lines shows
those that ran (`sources.source`); `process.records` and `process.uncaught` take it off where people read, and
``plain_names`` does without. `imports.internal` keeps frames of ours from being taken for a caller; `process.comparing`
and `process.classes` know which module a library means, which goes by name; `process.typecaches` what typing would hand
from one generation to the next.

`process.hooks` (a finder, ``importlib.import_module``, the stand-ins, Python's own hooks for uncaught exceptions) and
`patches` (threads and executors, children of multiprocessing, four registries, log records, ``inspect.getmodule``) are
put in by the first open loader and taken out by the last that closes.

**No lock is held while user code runs**: an import that stands still holds up nobody but who needs that very module.
There is one for a loader's looks, held while it looks and links (`looks`); one for the lists of its generations
(`roster`); the pool's, while parts are made; one for the states of all parts. One is an exception by design, the turn
of `Loader.load` and `reload`: two of them come one after the other, and nobody else wants it. Where the garbage
collector runs a finalizer is for Python to choose, so all of them are re-entrant; one that waits for another thread may
wait for us. All are new in a forked child (`forks`).

Limits, by design: objects of different generations are of different types. What is written into ``builtins.__dict__``
past the module (`process.built_in`) after a part was executed is not seen by that. ``inspect.getsource`` of a class
without any function, asked from outside, looks for it in the text of the head. A part that is known by a computed name
only, and is loaded by new code after the swap, is executed anew unless it is in ``keep``. A process pool that is kept
over a reload refuses work whose code is new (`process.process_pools`); children by other ways than multiprocessing's
import from the disk.

What is not managed (native code under the roots, installed packages, hotd itself) is imported once, for good;
`sources.native` and `sources.imported` know which content that was, `sticky` all of it, and `slow_look` looks for ever
for what is another on disk by now.

Around that: `roster` is which generations a loader has, and how far each of them has come, `ledger` what is known
between two looks, `admission` and `entry` what may be hosted, `numbers` how generations are counted. `hosting` is all
of it as the daemon uses it (``hotd.ports.Loading``): `hosted` one module, `jobs` what is loaded for the engine.
"""

from __future__ import annotations

from hotd.loading.candidate import Candidate
from hotd.loading.generation import Generation, UnknownPart
from hotd.loading.linking.pool import Pool
from hotd.loading.linking.refusal import Avoided
from hotd.loading.loader import Loader
from hotd.loading.memory.leaks import Leak
from hotd.loading.plan import Plan

__all__ = ["Loader", "Generation", "Candidate", "Plan", "Pool", "Leak", "Avoided", "UnknownPart"]
