# The data file of the brief, as it was given. Long lines and capital letters are its own.
# ruff: noqa
# mypy: ignore-errors
# fmt: off
"""Reload semantics, case by case, as data: gathered from the test suites and issue threads of other reload engines (each
case names its origin), re-written in minimal form.

id      letter = group: A functions and constants, B classes, C decorators and closures, D several modules,
        E refusal and transactions, F running code, G introspection, pickles, memory
v1, v2  files before and after: {path: source, or bytes, or None for deleted}; v2 may be a list of steps
mid     one snippet after each step of v2
pre     run after v1 is loaded; `m` is the entry module, `cur(name)` any current managed module
ok      True: the reload must be accepted; False: refused, everything as before; None: either, but the process lives
new     expressions that must hold for code reached afresh: `n` is the current entry module
old     expressions that must hold for what was kept from before: old code keeps running old code
inplace what an engine that patches in place would make true instead (for the reader)
Names available: m, n, cur, raises(exc, fn), wait(fn), threading, gc, weakref, pickle, sys, traceback.
"""
CASES = []
def C(id, origin, v1, v2, new=(), old=(), pre="", ok=True, inplace=(), note="", mid=()):
    CASES.append(dict(id=id, origin=origin, v1=v1, v2=v2, pre=pre, ok=ok, new=list(new), old=list(old), inplace=list(inplace), note=note, mid=list(mid)))

# ---- A. functions, constants -------------------------------------------------------------------------------------
C("A01-body", "jurigged tests/test_codetools.py::test_merge; ipython test_deduperreload.py::test_patching; hmr test_hmr.py::test_simple_triggering",
  {"m.py": "def f(x): return x * 2\n"}, {"m.py": "def f(x): return x * 3\n"}, pre="f0 = m.f",
  new=["n.f(5) == 15"], old=["f0(5) == 10"], inplace=["f0(5) == 15"])
C("A02-add-remove-name", "jurigged test_merge (deflate added, uninteresting removed); plone.reload test_function_added/test_function_removed; ipython _check_smoketest (z deleted)",
  {"m.py": "Z = 123\ndef gone(): return 0\ndef f(): return 1\n"}, {"m.py": "def f(): return 1\ndef added(): return f() + 1\n"},
  new=["n.added() == 2", "not hasattr(n, 'gone')", "not hasattr(n, 'Z')"], old=["m0_gone() == 0"], pre="m0_gone = m.gone")
C("A03-signature", "ipython test_patching_parameters; plone.reload test_class_method_arguments_changed",
  {"m.py": "def f(a, b): return a + b\n"}, {"m.py": "def f(a, *, k=7): return a * k\n"}, pre="f0 = m.f",
  new=["n.f(2) == 14"], old=["f0(2, 3) == 5"])
C("A04-defaults-from-global", "ipython test_autoreload_class_change_default_args",
  {"m.py": "X = 42\ndef f(y=X): return y\n"}, {"m.py": "X = 44\ndef f(y=X): return y\n"}, pre="f0 = m.f",
  new=["n.f() == 44"], old=["f0() == 42"])
C("A06-const-only-change", "ipython #14500 (deduper: constexpr), jurigged firmament",
  {"m.py": "K = 1\nL = [1, 2]\ndef f(): return K, L\n"}, {"m.py": "K = 2\nL = [1, 2]\ndef f(): return K, L\n"}, pre="m.L.append(9); L0 = m.L; f0 = m.f",
  new=["n.K == 2"], old=["f0()[0] == 1", "L0 == [1, 2, 9]"], note="whether n.L keeps the appended 9 is policy: jurigged keeps it, re-executing engines do not")
C("A07-function-to-constant", "plone.reload test_function_changed_to_constant",
  {"m.py": "def foo(): return True\n"}, {"m.py": "foo = 15\n"}, new=["n.foo == 15"], old=["f0() is True"], pre="f0 = m.foo")
C("A09-order-swap-same-names", "ipython test_autoreload_handling_function_moves_*; jurigged test_generated.py (shuffled definitions)",
  {"m.py": "def a(): return 1\ndef b(): return 2\nclass C:\n    def x(self): return 3\n"}, {"m.py": "class C:\n    def x(self): return 30\ndef b(): return 20\ndef a(): return 10\n"},
  new=["(n.a(), n.b(), n.C().x()) == (10, 20, 30)"], pre="a0 = m.a; c0 = m.C()", old=["a0() == 1", "c0.x() == 3"])
C("A10-same-name-many-times", "jurigged test_functions_interface (elephant snippets)",
  {"m.py": "acts = []\ndef reg(fn): acts.append(fn); return fn\n@reg\ndef do(x): return ('paint', x)\n@reg\ndef do(x): return ('sing', x)\ndef run(x): return [a(x) for a in acts]\n"},
  {"m.py": "acts = []\ndef reg(fn): acts.append(fn); return fn\n@reg\ndef do(x): return ('paint', x)\n@reg\ndef do(x): return ('sing', x * 2)\n@reg\ndef do(x): return ('dance', x)\ndef run(x): return [a(x) for a in acts]\n"},
  pre="run0 = m.run", new=["n.run(7) == [('paint', 7), ('sing', 14), ('dance', 7)]"], old=["run0(7) == [('paint', 7), ('sing', 7)]"])
C("A12-future-annotations", "jurigged test_respect_future_flags_succeeds / name_collision (kilroy)",
  {"m.py": "from __future__ import annotations\n"}, {"m.py": "from __future__ import annotations\nprint_function = 'not a flag'\ndef f(a: nosuch) -> nosuch: return a\n"},
  new=["n.f('jeb') == 'jeb'", "n.f.__annotations__['a'] == 'nosuch'"])
C("A13-no-flag-leak", "CPython compile(dont_inherit); ipython deduper compile(..., dont_inherit=True)",
  {"m.py": "def f(a: int): return a\n"}, {"m.py": "def f(a: int, b: str = 'x'): return a\n"}, new=["n.f.__annotations__['b'] is str"])
C("A15-docstring", "hmr test_module_metadata; CPython test_api ReloadTests (module attributes)",
  {"m.py": "'one'\n"}, {"m.py": "'two'\ndef f(): 'doc'\n"}, new=["n.__doc__ == 'two'", "n.__name__ == 'm'", "n.f.__module__ == 'm'", "n.f.__qualname__ == 'f'", "n.__spec__.name == 'm'"])

# ---- B. classes --------------------------------------------------------------------------------------------------
C("B01-method", "jurigged test_merge (FlatCircle.volume, bound method kept); ipython _check_smoketest (old_obj.bar)",
  {"m.py": "class C:\n    def __init__(self, r): self.r = r\n    def v(self): return -1\n"}, {"m.py": "class C:\n    def __init__(self, r): self.r = r\n    def v(self): return self.r\n"},
  pre="o = m.C(10); v0 = o.v", new=["n.C(10).v() == 10"], old=["o.v() == -1", "v0() == -1"], inplace=["o.v() == 10", "v0() == 10"])
C("B02-method-removed-falls-to-base", "ipython test_remove_overridden_method; plone.reload test_class_init_removed (documents the opposite)",
  {"m.py": "class A:\n    def foo(self): return 1\nclass B(A):\n    def foo(self): return 42\n"}, {"m.py": "class A:\n    def foo(self): return 1\nclass B(A):\n    pass\n"},
  pre="b = m.B()", new=["n.B().foo() == 1"], old=["b.foo() == 42"])
C("B03-class-var-removed", "plone.reload test_class_variable_removed (asserts it is NOT removed)",
  {"m.py": "class C:\n    foo = 1\n"}, {"m.py": "class C:\n    pass\n"}, pre="o = m.C()", new=["not hasattr(n.C, 'foo')"], old=["o.foo == 1"])
C("B04-property", "ipython test_modify_property; plone.reload test_class_property_changed",
  {"m.py": "class C:\n    @property\n    def q(self): return 42\n"}, {"m.py": "class C:\n    @property\n    def q(self): return 43\n"}, pre="o = m.C()", new=["n.C().q == 43"], old=["o.q == 42"])
C("B05-property-to-method", "plone.reload test_class_property_changed_to_method; ipython autoreload docs caveat",
  {"m.py": "class C:\n    @property\n    def q(self): return 1\n"}, {"m.py": "class C:\n    def q(self): return 2\n"}, pre="o = m.C()", new=["n.C().q() == 2"], old=["o.q == 1"])
C("B06-method-to-property", "plone.reload test_class_method_changed_to_property",
  {"m.py": "class C:\n    def q(self): return 2\n"}, {"m.py": "class C:\n    @property\n    def q(self): return 1\n"}, pre="o = m.C()", new=["n.C().q == 1"], old=["o.q() == 2"])
C("B08-nested-class", "ipython test_autoreload_class_nested2/3; deduper prefixes",
  {"m.py": "class C:\n    def c(self): return 1\n    class D:\n        def d(self): return 2\n"}, {"m.py": "class C:\n    def c(self): return 10\n    class D:\n        def d(self): return 20\n"},
  pre="c = m.C(); d = m.C.D()", new=["n.C().c() == 10", "n.C.D().d() == 20"], old=["c.c() == 1", "d.d() == 2"])
C("B09-super-zero-arg", "plone/plone.reload#1; ipython test_super; jurigged glamour",
  {"m.py": "class A:\n    def f(self): return 1\nclass B(A):\n    def f(self): return super().f() + 1\n"}, {"m.py": "class A:\n    def f(self): return 100\nclass B(A):\n    def f(self): return super().f() + 2\n"},
  pre="b = m.B()", new=["n.B().f() == 102"], old=["b.f() == 2"])
C("B11-isinstance-inside-module", "ipython/ipython#12399",
  {"m.py": "class A: pass\nclass B:\n    def t(self, x): return isinstance(x, A) and type(x) == A\n"}, {"m.py": "class A: pass\nclass B:\n    def t(self, x): return isinstance(x, A) and type(x) == A\n# touched\n"},
  pre="a = m.A(); b = m.B()", new=["n.B().t(n.A())"], old=["b.t(a)"])
C("B13-inherit-from-changed-module", "AppDaemon/appdaemon#1135 (inheritance from a reloaded global module)",
  {"m.py": "import fruit\nclass Apple(fruit.Fruit):\n    def get(self): return self.V\n", "fruit.py": "class Fruit:\n    V = 1234\n"}, {"fruit.py": "class Fruit:\n    V = 12345\n"},
  pre="a = m.Apple()", new=["n.Apple().get() == 12345"], old=["a.get() == 1234"])
C("B14-slots-changed", "xreload docstring (Classes involving __slots__ are not handled); limeade README",
  {"m.py": "class P:\n    __slots__ = ('x',)\n    def __init__(self): self.x = 1\n    def s(self): return self.x\n"}, {"m.py": "class P:\n    __slots__ = ('x', 'y')\n    def __init__(self): self.x = 1; self.y = 2\n    def s(self): return self.x + self.y\n"},
  pre="p = m.P()", new=["n.P().s() == 3"], old=["p.s() == 1"])
C("B15-dataclass-frozen", "ipython/ipython#12185, #12411, PR #13732",
  {"m.py": "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass D:\n    a: int\n    def g(self): return self.a\n"}, {"m.py": "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass D:\n    a: int\n    b: int = 5\n    def g(self): return self.a + self.b\n"},
  pre="d = m.D(1)", new=["n.D(1).g() == 6", "n.D(1) == n.D(1)"], old=["d.g() == 1", "d == type(d)(1)"])
C("B18-namedtuple-subclass", "ipython/ipython#13347 (object layout differs)",
  {"m.py": "import collections\nclass T(collections.namedtuple('T', 'c')):\n    def s(self): return 'v1'\n"}, {"m.py": "import collections\nclass T(collections.namedtuple('T', 'c d')):\n    def s(self): return 'v2'\n"},
  pre="t = m.T(1)", new=["n.T(1, 2).s() == 'v2'"], old=["t.s() == 'v1'", "t.c == 1"])
C("B19-metaclass-changed", "limeade README (changes in metaclass); xreload docstring",
  {"m.py": "class M(type):\n    def who(cls): return 'M1'\nclass C(metaclass=M): pass\n"}, {"m.py": "class M(type):\n    def who(cls): return 'M2'\n    def more(cls): return 1\nclass C(metaclass=M): pass\n"},
  pre="C0 = m.C", new=["n.C.who() == 'M2'", "n.C.more() == 1"], old=["C0.who() == 'M1'"])
C("B20-bases-changed", "limeade README (changes in base classes)",
  {"m.py": "class A:\n    def f(self): return 'A'\nclass B:\n    def f(self): return 'B'\nclass C(A): pass\n"}, {"m.py": "class A:\n    def f(self): return 'A'\nclass B:\n    def f(self): return 'B'\nclass C(B): pass\n"},
  pre="c = m.C()", new=["n.C().f() == 'B'", "issubclass(n.C, n.B)", "not issubclass(n.C, n.A)"], old=["c.f() == 'A'"])
C("B21-class-scope-default", "breuleux/jurigged#30 (NameError CONST)",
  {"m.py": "class A:\n    CONST = 12\n    def m(self, val=CONST): return val\n"}, {"m.py": "class A:\n    CONST = 12\n    def m(self, val=CONST): return val + 1\n"}, pre="a = m.A()", new=["n.A().m() == 13"], old=["a.m() == 12"])
C("B23-abc-registry", "ABC caches (ipython/ipython#10232 comment: AttributeError __abstractmethods__)",
  {"m.py": "import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\nclass I(Base):\n    def f(self): return 1\n"}, {"m.py": "import abc\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\n    @abc.abstractmethod\n    def g(self): ...\nclass I(Base):\n    def f(self): return 2\n    def g(self): return 3\n"},
  pre="i = m.I()", new=["n.I().g() == 3", "raises(TypeError, n.Base)"], old=["i.f() == 1"])
C("B25-init-subclass-registry", "xreload docstring (singletons); plugin registries",
  {"m.py": "class Base:\n    reg = {}\n    def __init_subclass__(cls, **k): Base.reg[cls.__name__] = cls\nclass P1(Base): pass\n"}, {"m.py": "class Base:\n    reg = {}\n    def __init_subclass__(cls, **k): Base.reg[cls.__name__] = cls\nclass P2(Base): pass\n"},
  pre="B0 = m.Base", new=["set(n.Base.reg) == {'P2'}"], old=["set(B0.reg) == {'P1'}"])
C("B27-new-class-var-in-class-body", "ipython test_autoreload_class_default_autoreload",
  {"m.py": "class C:\n    x = 9\n    def f(self): return 1 + C.x\n"}, {"m.py": "class C:\n    x = 20\n    def f(self): return 1 + C.x\n"}, pre="c = m.C()", new=["n.C().f() == 21"], old=["c.f() == 10"])

# ---- C. decorators, closures -------------------------------------------------------------------------------------
C("C01-decorator-changed", "jurigged test_change_decorator (chips); ipython test_method_modified_decorator; plone.reload test_class_decorator_changed",
  {"m.py": "def deco(f):\n    def w(*a): return f(*a) + 1\n    return w\n@deco\n@deco\ndef munch(x): return x\n"}, {"m.py": "def deco(f):\n    def w(*a): return f(*a) + 2\n    return w\n@deco\n@deco\ndef munch(x): return x\n"},
  pre="m0 = m.munch", new=["n.munch(4) == 8"], old=["m0(4) == 6"])
C("C02-decorated-body-changed", "jurigged test_change_decorator_then_fn; plone.reload test_class_decorated_method_changed",
  {"m.py": "def deco(f):\n    def w(*a): return f(*a) + 1\n    return w\n@deco\ndef munch(x): return x\n"}, {"m.py": "def deco(f):\n    def w(*a): return f(*a) + 1\n    return w\n@deco\ndef munch(x): return x * 100\n"},
  pre="m0 = m.munch", new=["n.munch(4) == 401"], old=["m0(4) == 5"])
C("C03-decorator-added-removed", "ipython test_function_decorators; jurigged chips:bad",
  {"m.py": "def inc(f): return lambda *a: f(*a) + 1\n@inc\ndef f(): return 42\ndef g(): return 1\n"}, {"m.py": "def inc(v):\n    def d(f): return lambda *a: f(*a) + v\n    return d\ndef f(): return 42\n@inc(2)\ndef g(): return 1\n"},
  pre="f0 = m.f; g0 = m.g", new=["n.f() == 42", "n.g() == 3"], old=["f0() == 43", "g0() == 1"])
C("C05-decorator-module-changed", "jurigged README (decorators); dependents via decorator",
  {"m.py": "from d import inc\n@inc\ndef f(): return 42\n", "d.py": "def inc(f): return lambda *a: f(*a) + 1\n"}, {"d.py": "def inc(f): return lambda *a: f(*a) + 10\n"},
  pre="f0 = m.f", new=["n.f() == 52"], old=["f0() == 43"])
C("C07-closure-live-instance", "limeade README (closures); jurigged ConformException free variables",
  {"m.py": "def counter():\n    c = 0\n    def inc():\n        nonlocal c\n        c += 1\n        return c\n    return inc\n"}, {"m.py": "def counter():\n    c = 0; step = 10\n    def inc():\n        nonlocal c\n        c += step\n        return c\n    return inc\n"},
  pre="k = m.counter(); k()", new=["n.counter()() == 10"], old=["k() == 2"])
C("C09-stored-callback", "ipython/ipython#11588; jurigged README (stashed in some data structure)",
  {"m.py": "def h(): return 'v1'\nTABLE = {'h': h}\n"}, {"m.py": "def h(): return 'v2'\nTABLE = {'h': h}\n"}, pre="import functools; cb = functools.partial(m.TABLE['h'])", new=["n.TABLE['h']() == 'v2'"], old=["cb() == 'v1'"])

# ---- D. several modules ------------------------------------------------------------------------------------------
C("D01-from-import", "importlib.reload docs; jparise/python-reloader#14; ipython/ipython (from x import y)",
  {"m.py": "from b import f\ndef g(): return f()\n", "b.py": "def f(): return 1\n"}, {"b.py": "def f(): return 2\n"}, pre="g0 = m.g", new=["n.g() == 2"], old=["g0() == 1"])
C("D03-chain", "liveimport test/dependencies.py; streamlit/streamlit PR#537 (app -> a -> b)",
  {"m.py": "from a import x\ny = x + 1\n", "a.py": "from b import k\nx = k * 10\n", "b.py": "k = 1\n"}, {"b.py": "k = 2\n"}, new=["n.y == 21"])
C("D04-diamond-once", "liveimport test/dependencies.py (reload order, each once)",
  {"m.py": "import l, r\nT = (l.d, r.d)\n", "l.py": "from base import d\n", "r.py": "from base import d\n", "base.py": "import builtins\nbuiltins._runs = getattr(builtins, '_runs', 0) + 1\nd = object()\n"},
  {"base.py": "import builtins\nbuiltins._runs = getattr(builtins, '_runs', 0) + 1\nd = object()  # 2\n"}, pre="import builtins; r0 = builtins._runs; T0 = m.T",
  new=["n.T[0] is n.T[1]", "n.T[0] is not T0[0]", "builtins._runs == r0 + 1"])
C("D05-cycle", "hmr test_simple_circular_dependency; promplate/pyth-on-line#255; liveimport A->C->E->A",
  {"m.py": "from a import three\n", "a.py": "one = 1\nfrom b import two\nthree = two + 1\n", "b.py": "from a import one\ntwo = one + 1\n"}, {"b.py": "from a import one\ntwo = one + 2\n"}, new=["n.three == 4"])
C("D07-package-relative", "liveimport test_relative_import_dependency; hmr #255; CPython test_reload_submodule (bpo-19851)",
  {"m.py": "from pkg.sub import f\n", "pkg/__init__.py": "", "pkg/sub.py": "from . import h\nfrom .h import k\ndef f(): return h.k, k\n", "pkg/h.py": "k = 1\n"}, {"pkg/h.py": "k = 2\n"}, pre="f0 = m.f", new=["n.f() == (2, 2)"], old=["f0() == (1, 1)"])
C("D09-new-helper-file", "ipython test_autoreload_handles_new_imports; hmr test_laziness; AppDaemon/appdaemon#1509",
  {"m.py": "def f(): return 1\n"}, {"m.py": "from fresh import k\ndef f(): return k\n", "fresh.py": "k = 77\n"}, new=["n.f() == 77"])
C("D11-import-dropped", "liveimport test_remove_dependency; python-reloader (dependency list rebuilt)",
  {"m.py": "from b import k\n", "b.py": "k = 1\n"}, {"m.py": "k = 5\n", "b.py": "raise RuntimeError('nobody imports me now')\n"}, new=["n.k == 5"], note="a change to a file nothing imports any more must not fail the reload")
C("D12-two-files-together", "discord.py reload_extension atomicity; multi-file save",
  {"m.py": "import b\ndef f(): return b.g(1)\n", "b.py": "def g(a): return a\n"}, {"m.py": "import b\ndef f(): return b.g(1, 2)\n", "b.py": "def g(a, c): return a + c\n"}, pre="f0 = m.f", new=["n.f() == 3"], old=["f0() == 1"])
C("D14-unaffected-module-kept", "hmr README (unaffected modules do not rerun); liveimport test_reload_one",
  {"m.py": "import pool, b\ndef f(): return b.k\n", "pool.py": "conn = object()\n", "b.py": "k = 1\n"}, {"b.py": "k = 2\n"}, pre="c0 = cur('pool').conn", new=["cur('pool').conn is c0", "n.f() == 2"], note="state in modules outside the affected set must survive")
C("D15-lazy-import-in-old-code", "this project (threads importing inside functions while a swap happens)",
  {"m.py": "def f():\n    from helper import k\n    return k\n", "helper.py": "k = 1\n"}, {"m.py": "def f():\n    from helper import k\n    return k * 100\n", "helper.py": "k = 2\n"},
  pre="import importlib; cur_loaded = m.f(); f0 = m.f", new=["n.f() == 200"], old=["f0() == 1"])
C("D19-first-lazy-import-after-swap", "this project; the old code imports the helper for the first time only after the swap",
  {"m.py": "def f():\n    from helper import k\n    return k\n", "helper.py": "k = 1\n"}, {"m.py": "def f():\n    from helper import k\n    return k * 100\n", "helper.py": "k = 2\n"},
  pre="f0 = m.f", new=["n.f() == 200"], old=["f0() == 1"], note="needs a source snapshot per generation: the file on disk is already the new one")
C("D17-module-object-passed-around", "AppDaemon/appdaemon#877",
  {"m.py": "import b\nREF = b\ndef f(): return REF.k\n", "b.py": "k = 1\n"}, {"b.py": "k = 2\n"}, pre="f0 = m.f", new=["n.f() == 2"], old=["f0() == 1"])
# ---- E. refusal, rollback, transactions --------------------------------------------------------------------------
C("E01-syntax-error", "jurigged test_live.py::test_watch; ipython _check_smoketest; liveimport test_sync_syntax_error",
  {"m.py": "K = 1\ndef f(): return K\n"}, {"m.py": "K = 2\ndef f(: return K\n"}, pre="f0 = m.f", ok=False, new=["n.K == 1", "n.f() == 1"], old=["f0() == 1"])
C("E02-raises-midway", "marimo tests test_reload_module_with_error (asserts the module ends up empty); jurigged test_bad_statement (asserts the rest is applied); liveimport test_load_exception",
  {"m.py": "K = 1\ndef f(): return K\nL = 1\n"}, {"m.py": "K = 2\ndef f(): return K * 10\nraise RuntimeError('no')\nL = 2\n"}, pre="f0 = m.f", ok=False, new=["n.K == 1", "n.f() == 1", "n.L == 1"], old=["f0() == 1"])
C("E03-missing-import", "AppDaemon/appdaemon#877; discord.py ExtensionFailed",
  {"m.py": "def f(): return 1\n"}, {"m.py": "import no_such_module_xyz\ndef f(): return 2\n"}, ok=False, pre="f0 = m.f", new=["n.f() == 1", "cur('m') is not None"], old=["f0() == 1"])
C("E06-system-exit", "a module that calls sys.exit() at import time",
  {"m.py": "def f(): return 1\n"}, {"m.py": "import sys\ndef f(): return 2\nsys.exit(3)\n"}, ok=False, new=["n.f() == 1"])
C("E07-deleted-file", "ipython _check_smoketest (deleted file: no reload); liveimport test/deleted.py",
  {"m.py": "import b\ndef f(): return b.k\n", "b.py": "k = 1\n"}, {"b.py": None}, ok=None, pre="f0 = m.f", new=[], old=["f0() == 1"], note="policy: keep running; ok may be either way, the process and old code must live")
C("E08-empty-file", "julvo/reloading load_file() (file is empty while an editor saves)",
  {"m.py": "def f(): return 1\n"}, {"m.py": ""}, ok=None, pre="f0 = m.f", old=["f0() == 1"], note="an engine should debounce or treat empty as suspicious; old code must live")
C("E09-fix-after-failure", "liveimport test_load_exception; AppDaemon/appdaemon#877 (error stays after the fix)",
  {"m.py": "import b\ndef f(): return b.k\n", "b.py": "k = 1\n"}, [{"b.py": "k = 2 2\n"}, {"b.py": "k = 3\n"}], ok=True, new=["n.f() == 3"], note="two edits: the first is refused, the second accepted")
C("E10-back-and-forth", "jurigged test_merge_back_and_forth",
  {"m.py": "class C:\n    def a(self): return 1\n    def gone(self): return 0\n"}, [{"m.py": "class C:\n    def a(self): return 2\n    def more(self): return 9\n"}, {"m.py": "class C:\n    def a(self): return 1\n    def gone(self): return 0\n"}],
  pre="o = m.C()", new=["n.C().a() == 1", "n.C().gone() == 0", "not hasattr(n.C, 'more')"], old=["o.a() == 1", "o.gone() == 0"])
C("E12-touch-only", "hmr test_cache_across_reloads (touch: nothing reruns); ipython deduper (AST equal: no reload)",
  {"m.py": "import builtins\nbuiltins._touch = getattr(builtins, '_touch', 0) + 1\nS = []\n"}, {"m.py": "import builtins\nbuiltins._touch = getattr(builtins, '_touch', 0) + 1\nS = []\n"}, pre="m.S.append(1); import builtins; t0 = builtins._touch; S0 = m.S", ok=None,
  new=["builtins._touch == t0", "n.S is S0"], note="same bytes: no new generation")
# ---- F. running code, threads ------------------------------------------------------------------------------------
C("F01-running-loop-calls-helper", "jurigged/issues/46; README (functions already running keep running)",
  {"m.py": "import threading\ngo = threading.Event(); out = []\ndef helper(): return 'h1'\ndef work():\n    out.append(helper()); go.wait(5); out.append(helper())\n"},
  {"m.py": "import threading\ngo = threading.Event(); out = []\ndef helper(): return 'h2'\ndef work():\n    out.append(helper()); go.wait(5); out.append(helper())\n"},
  pre="go0, out0 = m.go, m.out; t = threading.Thread(target=m.work); t.start(); wait(lambda: out0)", new=["n.helper() == 'h2'"], old=["(go0.set(), t.join(5), out0)[2] == ['h1', 'h1']"], inplace=["out0 == ['h1', 'h2'] (mixed versions in one call)"])
C("F03-coroutine-in-flight", "reloadware/reloadium#207; jurigged README",
  {"m.py": "import asyncio\ndef tag(): return 'c1'\nasync def co(ev):\n    a = tag(); await ev.wait(); return a, tag()\n"}, {"m.py": "import asyncio\ndef tag(): return 'c2'\nasync def co(ev):\n    a = tag(); await ev.wait(); return a, tag()\n"},
  pre="import asyncio; loop = asyncio.new_event_loop(); ev = asyncio.Event(); task = loop.create_task(m.co(ev)); loop.run_until_complete(asyncio.sleep(0))", new=["n.tag() == 'c2'"], old=["(ev.set(), loop.run_until_complete(task))[1] == ('c1', 'c1')"])
C("F04-new-global-needed-by-new-code-only", "mixed-version call: v2 changes a helper's signature while an old frame still calls it",
  {"m.py": "def helper(a): return a\ndef loop():\n    while True: yield helper(1)\n"}, {"m.py": "def helper(a, b): return a + b\ndef loop():\n    while True: yield helper(1, 2)\n"}, pre="g = m.loop(); next(g)", new=["next(n.loop()) == 3"], old=["next(g) == 1"])
C("F06-instance-creates-sibling-later", "old worker creates an object of a sibling class after the swap",
  {"m.py": "class Item:\n    tag = 'i1'\n    def __init__(self, a): self.a = a\nclass W:\n    def make(self): return Item(1)\n    def chk(self, x): return isinstance(x, Item)\n"},
  {"m.py": "class Item:\n    tag = 'i2'\n    def __init__(self, a, b): self.a = a; self.b = b\nclass W:\n    def make(self): return Item(1, 2)\n    def chk(self, x): return isinstance(x, Item)\n"},
  pre="w = m.W(); i0 = w.make()", new=["n.W().make().tag == 'i2'"], old=["w.make().tag == 'i1'", "w.chk(i0)", "w.chk(w.make())"])
C("F08-concurrent-reloads", "python/cpython#126548 problem 1 (same module reloaded from two threads)",
  {"m.py": "import time\nK = 1\n"}, {"m.py": "import time\ntime.sleep(0.05)\nK = 2\n"}, new=["n.K == 2"], note="the test calls reload from two threads at once; both must return, K must be 2")
C("F09-old-thread-survives-refused-reload", "discord.py reload_extension (teardown already called when the load fails)",
  {"m.py": "def tick(): return 't1'\n"}, {"m.py": "def tick(): return 't2'\n1/0\n"}, ok=False, pre="tick0 = m.tick; import_again = lambda: __import__('m')", new=["n.tick() == 't1'"], old=["tick0() == 't1'"])

# ---- G. pickles, introspection, memory ---------------------------------------------------------------------------
C("G02-pickle-across", "old generation pickles, new generation loads",
  {"m.py": "import pickle\nclass T:\n    v = 1\n    def __init__(self): self.ok = 1\ndef dump(): return pickle.dumps(T())\ndef load(b): return pickle.loads(b)\n"}, {"m.py": "import pickle\nclass T:\n    v = 2\n    def __init__(self): self.ok = 2\ndef dump(): return pickle.dumps(T())\ndef load(b): return pickle.loads(b)\n"},
  pre="b = m.dump()", new=["n.load(b).v == 2 and n.load(b).ok == 1", "b'm' in b"], note="the pickle must name the plain module name, so that it loads in a later generation or process")
C("G04-traceback-of-old-code", "ipython/ipython#14900, #15359; breuleux/jurigged#29, #49",
  {"m.py": "def boom():\n    return 1 / 0  # OLD LINE\n"}, {"m.py": "# pad\n# pad\ndef boom():\n    x = 1\n    return x / 0  # NEW LINE\n"}, pre="b0 = m.boom\ndef tb(f):\n    try: f()\n    except ZeroDivisionError: return traceback.format_exc()", new=["'NEW LINE' in tb(n.boom)"], old=["'OLD LINE' in tb(b0)"], note="linecache is keyed by file name: old code shows the new file's text unless each generation's source is kept")
C("G06-old-generation-freed", "talonvoice/talon#715; IronLanguages/main#1051",
  {"m.py": "class Big:\n    pass\ndef f(): return Big\nBIG = Big()\n"}, {"m.py": "class Big:\n    x = 2\ndef f(): return Big\nBIG = Big()\n"}, pre="w = weakref.ref(m.BIG); wc = weakref.ref(m.Big); del m", old=["(gc.collect(), w() is None)[1]", "(gc.collect(), wc() is None)[1]"], note="with no holder left, the old module, its classes and objects must be collectable")
C("G07-external-registry", "prometheus/client_python#537; streamlit #8180; module registers itself in a library that is not reloaded",
  {"m.py": "import builtins\nR = builtins.__dict__.setdefault('_R', {})\nif 'job' in R and R['job'][0] == 'v1' and False: raise ValueError\nR['job'] = ('v1', lambda: 1)\n"}, {"m.py": "import builtins\nR = builtins.__dict__.setdefault('_R', {})\nR['job'] = ('v2', lambda: 2)\n"}, pre="import builtins", new=["builtins._R['job'][0] == 'v2'", "builtins._R['job'][1]() == 2"])
C("G08-state-handover-idiom", "importlib.reload docs (try: cache / except NameError: cache = {})",
  {"m.py": "try:\n    cache\nexcept NameError:\n    cache = {}\n"}, {"m.py": "try:\n    cache\nexcept NameError:\n    cache = {}\nV = 2\n"}, pre="m.cache['k'] = 1", ok=None, new=["n.V == 2"], note="policy: works only where the module dict is reused; a generation engine needs an explicit hand-over hook instead")
C("G09-c-extension-not-reexecuted", "IPython caveat (C extension modules cannot be reloaded)",
  {"m.py": "import _json, decimal\nd = decimal.Decimal\n"}, {"m.py": "import _json, decimal\nd = decimal.Decimal\nV = 2\n"}, pre="d0 = m.d; j0 = sys.modules['_json']", new=["n.d is d0", "sys.modules['_json'] is j0"])
C("G11-outside-code-imports-by-name", "framework code outside the program resolves 'm:f' by string",
  {"m.py": "def f(): return 1\n"}, {"m.py": "def f(): return 2\n"}, pre="import importlib", new=["importlib.import_module('m').f() == 2", "sys.modules['m'].f() == 2"])
# ---- additions: daemon-specific and negative-dependency cases ----------------------------------------------------
C("A16-pep695-generic", "jurigged codetools.FunctionDefinition.reevaluate rebuilds FunctionDef without type_params; ipython func_attrs has __type_params__ (3.12+)",
  {"m.py": "def f[T](x: T) -> T: return x\n"}, {"m.py": "def f[T](x: T) -> tuple[T, int]: return (x, 2)\n"}, pre="f0 = m.f", new=["n.f(1) == (1, 2)", "n.f.__type_params__[0].__name__ == 'T'"], old=["f0(1) == 1"], note="Python 3.12+ only")
C("B28-dataclass-eq-across", "streamlit/streamlit#5316 (equality of a stored and a newly made item)",
  {"m.py": "from dataclasses import dataclass\n@dataclass\nclass D:\n    a: int\n"}, {"m.py": "from dataclasses import dataclass\n@dataclass\nclass D:\n    a: int\n    def g(self): return 1\n"}, pre="d = m.D(1); D0 = m.D", new=["n.D(1) == n.D(1)", "n.D(1).g() == 1"], old=["d == D0(1)", "(d == n.D(1)) is False", "not isinstance(d, n.D)"], note="documents the price of generations: equality and isinstance stop at the generation border unless the type lives in a kept module")
C("D22-shared-interface-module", "streamlit/streamlit#8180 (put the class in a file that is not reloaded); plugin API module",
  {"m.py": "from api import Op\nclass Job(Op):\n    def run(self): return 1\n", "api.py": "class Op:\n    pass\n"}, {"m.py": "from api import Op\nclass Job(Op):\n    def run(self): return 2\n"}, pre="j = m.Job(); Op0 = cur('api').Op", new=["n.Job().run() == 2", "isinstance(n.Job(), Op0)", "cur('api').Op is Op0"], old=["j.run() == 1", "isinstance(j, cur('api').Op)"])
C("F10-old-thread-starts-a-thread", "old worker starts a helper thread after the swap",
  {"m.py": "import threading\nout = []\ndef step(): out.append('s1')\ndef later():\n    t = threading.Thread(target=lambda: step()); t.start(); t.join(); return out\n"}, {"m.py": "import threading\nout = []\ndef step(): out.append('s2')\ndef later():\n    t = threading.Thread(target=lambda: step()); t.start(); t.join(); return out\n"}, pre="later0 = m.later", new=["n.later() == ['s2']"], old=["later0() == ['s1']"])
C("F12-context-manager-in-flight", "a with block entered before the swap and left after it",
  {"m.py": "import contextlib\nlog = []\ndef close(): log.append('close1')\n@contextlib.contextmanager\ndef ctx():\n    try: yield\n    finally: close()\n"}, {"m.py": "import contextlib\nlog = []\ndef close(x): log.append('close2')\n@contextlib.contextmanager\ndef ctx():\n    try: yield\n    finally: close(1)\n"},
  pre="c = m.ctx(); c.__enter__(); log0 = m.log", new=["hasattr(n, 'ctx')"], old=["(c.__exit__(None, None, None), log0)[1] == ['close1']"])
C("F14-swap-while-import-lock-held", "python/cpython#83065, #143650: another thread sits inside an unrelated slow import during the swap",
  {"m.py": "def f(): return 1\n", "slow_mod_xyz.py": "import time\ntime.sleep(0.6)\nk = 1\n"}, {"m.py": "def f(): return 2\n"}, pre="import time\nt = threading.Thread(target=lambda: __import__('slow_mod_xyz') if 'slow_mod_xyz' else 0); t.start(); time.sleep(0.1); t0 = time.time()", new=["n.f() == 2", "time.time() - t0 < 0.5"], note="seen from outside: the slow module is outside the managed set; the reload must not wait for it")

C("A17-added-function-keeps-following", "xreload 1.1.0 / plone.reload 5.0.1: a function first seen in v2 keeps the scratch dict as its globals (measured here)",
  {"m.py": "K = 1\n"}, [{"m.py": "K = 2\ndef added(): return K\n"}, {"m.py": "K = 3\ndef added(): return K\n"}], mid=["a2 = cur('m').added"], new=["n.K == 3", "n.added() == 3", "n.added.__globals__['K'] == 3"], old=["a2() == 2"], note="three versions; mid runs after the first reload")
C("E14-three-generations", "this project (several generations coexist)",
  {"m.py": "V = 1\nclass C:\n    def v(self): return V\n"}, [{"m.py": "V = 2\nclass C:\n    def v(self): return V\n"}, {"m.py": "V = 3\nclass C:\n    def v(self): return V\n"}], pre="o1 = m.C()", mid=["o2 = cur('m').C()"],
  new=["n.C().v() == 3"], old=["o1.v() == 1", "o2.v() == 2", "len({type(o1), type(o2), n.C}) == 3"])
C("E15-second-reload-works", "plone.reload 5.0.1: the second reload of a top-level module raises KeyError('None') (measured here; plone/plone.reload#10)",
  {"m.py": "def f(): return 1\n"}, [{"m.py": "def f(): return 2\n"}, {"m.py": "def f(): return 3\n"}, {"m.py": "def f(): return 4\n"}], new=["n.f() == 4", "n.__name__ == 'm'"])
