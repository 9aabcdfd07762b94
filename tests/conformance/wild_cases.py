"""More cases of our own: what a program may do that was never written with reloading in mind.

The form is that of `more_cases.py`. Letters go on where that file stops: N types and registries, O running code,
P imports, Q texts, R looking into code, S memory.
"""

# mypy: ignore-errors
from tests.conformance.form import Cases, before_after

CASES = Cases()
C = CASES.add

# --- N. types, and those who keep lists of them ----------------------------------------------------------------------

C(
    "N01-attrs-slots-and-super",
    "attrs makes a slotted class twice and mends the cell of super(); both generations keep their own",
    *before_after("""
        import attrs, copy, pickle
        @attrs.define
        class Base:
            a: int = §
            def who(self): return ["base§"]
        @attrs.define
        class Job(Base):
            b: "list[int]" = attrs.field(factory=list)
            def who(self): return super().who() + ["job§"]
        def ok(x): return type(x) is Job and isinstance(x, Base)
        def clones(x): return [pickle.loads(pickle.dumps(x)), copy.deepcopy(x), attrs.evolve(x)]
        def types(): return attrs.fields(attrs.resolve_types(Job)).b.type
    """),
    pre="j, ok0, clones0, types0 = m.Job(), m.ok, m.clones, m.types",
    new=["n.Job().who() == ['base2', 'job2']", "all(map(n.ok, n.clones(n.Job())))", "n.Job(b=[1]).a == 2"],
    old=["j.who() == ['base1', 'job1']", "all(map(ok0, clones0(j)))", "clones0(j)[0] == j != n.Job()", "types0() == list[int]"],
)
C(
    "N02-pydantic-across-modules",
    "a model of m has a field of a model in b; b changes, and each m validates with its own b",
    {
        "m.py": """
            from __future__ import annotations
            import b, pydantic
            class Order(pydantic.BaseModel):
                item: b.Item
                others: list[Order] = []
            def read(data): return Order.model_validate(data)
            def text(x): return x.model_dump_json()
        """,
        "b.py": "import pydantic\nclass Item(pydantic.BaseModel):\n    name: str\n",
    },
    {"b.py": "import pydantic\nclass Item(pydantic.BaseModel):\n    name: str\n    size: int = 7\n"},
    pre="read0, text0 = m.read, m.text; one = read0({'item': {'name': 'x'}, 'others': [{'item': {'name': 'y'}}]})",
    new=["n.read({'item': {'name': 'x'}}).item.size == 7", "raises(ValueError, lambda: n.read({'item': one.item}))"],
    old=["not hasattr(read0({'item': {'name': 'x'}}).item, 'size')", "read0({'item': one.item}).item is one.item", "'size' not in text0(one)"],
)
C(
    "N03-pydantic-forward-reference-resolved-after-the-swap",
    "a name that only TYPE_CHECKING imports, given to model_rebuild by old code when the swap is over",
    {
        "m.py": """
            from __future__ import annotations
            import typing, pydantic
            if typing.TYPE_CHECKING:
                from parts_xyz import Wheel
            class Car(pydantic.BaseModel):
                wheel: Wheel
            def car(**data):
                from parts_xyz import Wheel
                Car.model_rebuild(_types_namespace={"Wheel": Wheel})
                return Car.model_validate(data)
        """,
        "parts_xyz.py": "import pydantic\nclass Wheel(pydantic.BaseModel):\n    size: int = 1\n",
    },
    {"parts_xyz.py": "import pydantic\nclass Wheel(pydantic.BaseModel):\n    size: int = 2\n"},
    pre="car0 = m.car",
    new=["n.car(wheel={}).wheel.size == 2"],
    old=["car0(wheel={}).wheel.size == 1"],
)
C(
    "N04-pydantic-schemas-built-at-the-first-use",
    "defer_build and TypeAdapter look names up in sys.modules[cls.__module__], here after the swap",
    *before_after("""
        from __future__ import annotations
        import pydantic
        class Lazy(pydantic.BaseModel, defer_build=True):
            inner: Inner
        class Inner(pydantic.BaseModel):
            v: int = §
        def lazy(): return Lazy.model_validate({"inner": {}}).inner
        def adapt(): return pydantic.TypeAdapter(list[Inner]).validate_python([{}])[0]
        def mine(x): return type(x) is Inner and x.v == §
    """),
    pre="lazy0, adapt0, mine0 = m.lazy, m.adapt, m.mine",
    new=["n.mine(n.lazy()) and n.mine(n.adapt())"],
    old=["mine0(lazy0()) and mine0(adapt0())"],
)
C(
    "N05-pydantic-reads-docstrings-of-attributes",
    "use_attribute_docstrings looks for the class among the frames, by inspect.getmodule",
    *before_after('''
        import pydantic
        class M(pydantic.BaseModel):
            model_config = pydantic.ConfigDict(use_attribute_docstrings=True)
            a: int = 0
            """text §"""
    '''),
    pre="M0 = m.M",
    new=["n.M.model_fields['a'].description == 'text 2'"],
    old=["M0.model_fields['a'].description == 'text 1'"],
)
C(
    "N06-dataclasses-in-full",
    "slots, keyword-only, InitVar by string, default factories, replace() of an old instance",
    *before_after("""
        from __future__ import annotations
        import dataclasses as d
        from dataclasses import InitVar, KW_ONLY
        @d.dataclass(slots=True, order=True)
        class Base:
            a: int = §
        @d.dataclass(slots=True)
        class Job(Base):
            seed: InitVar[int] = 0
            _: KW_ONLY
            b: list = d.field(default_factory=lambda: [§])
            def __post_init__(self, seed): self.b.append(seed)
            def up(self): return Base.__eq__(self, self), Job is type(self)
        def again(x): return d.replace(x, seed=5)
    """),
    pre="j, again0 = m.Job(seed=3), m.again",
    new=["n.Job(seed=3).b == [2, 3] and n.again(n.Job()).a == 2", "not hasattr(n.Job(), '__dict__')"],
    old=["j.b == [1, 3] and again0(j).a == 1", "type(again0(j)) is type(j)", "j.up()[1]"],
)
C(
    "N07-enum-writes-into-its-module",
    "global_enum and _convert_ put members into sys.modules[name].__dict__ while the module runs",
    *before_after("""
        import enum
        NET_§_A = §
        @enum.global_enum
        class Flag(enum.Flag):
            RED = enum.auto()
            EXTRA_§ = enum.auto()
        enum.IntEnum._convert_("Net", __name__, lambda name: name.startswith("NET_"))
        class Mood(enum.StrEnum):
            OK = "ok§"
            @classmethod
            def _missing_(cls, value): return cls.OK
        def f(): return RED is Flag.RED, Net.__members__.keys() == {"NET_§_A"}, Mood("huh")
    """),
    pre="f0 = m.f; m0 = m",
    new=["n.f() == (True, True, 'ok2')", "hasattr(n, 'EXTRA_2') and not hasattr(n, 'EXTRA_1')"],
    old=["f0() == (True, True, 'ok1')", "hasattr(m0, 'EXTRA_1') and not hasattr(m0, 'EXTRA_2')"],
)
C(
    "N08-types-made-by-calls",
    "namedtuple, NewType, TypedDict, make_dataclass, new_class: whoever makes them is found by frame",
    *before_after("""
        import collections, dataclasses, pickle, types, typing
        Point = collections.namedtuple("Point", "x y§")
        Made = dataclasses.make_dataclass("Made", ["a§"])
        Typed = typing.TypedDict("Typed", {"k§": int})
        New = types.new_class("New", (), {}, lambda ns: ns.update(v=§))
        Id = typing.NewType("Id", int)
        def modules(): return {Point.__module__, Typed.__module__, Id.__module__}
        def cycle(x): return pickle.loads(pickle.dumps(x))
    """),
    pre="p, cycle0, modules0, id0 = m.Point(1, 2), m.cycle, m.modules, m.Id",
    new=["n.modules() == {'m'}", "n.cycle(n.Point(1, 2)).y2 == 2", "n.New.v == 2 and n.Made(5).a2 == 5", "n.Id is n.cycle(n.Id)"],
    old=["modules0() == {'m'}", "cycle0(p) == p and type(cycle0(p)) is type(p)", "cycle0(id0) is id0"],
)
C(
    "N09-type-hints-over-inherited-modules",
    "get_type_hints evaluates each base's annotations in that base's module, for old code after the swap",
    {
        "m.py": "from __future__ import annotations\nimport typing, b\nclass C(b.Base):\n    x: list[b.Unit]\ndef hints(): return typing.get_type_hints(C)\n",
        "b.py": "from __future__ import annotations\nclass Unit: v = 1\nclass Base:\n    unit: Unit\n",
    },
    {"b.py": "from __future__ import annotations\nclass Unit: v = 2\nclass Base:\n    unit: Unit\n"},
    pre="hints0 = m.hints",
    new=["n.hints()['unit'].v == 2", "n.hints()['x'] == list[cur('b').Unit]"],
    old=["hints0()['unit'].v == 1", "hints0()['x'].__args__[0].v == 1"],
)
C(
    "N10-a-kept-part-asks-for-its-caller",
    "a serializer that does not change resolves names of whoever calls it, though it imports neither",
    {
        "m.py": "from __future__ import annotations\nimport tools\nclass Unit: v = 1\nclass C:\n    unit: Unit\n"
        "def f(): return tools.hints(C)['unit'].v, tools.cycle(Unit()).v, tools.find('m', 'Unit').v\n",
        "tools.py": "import importlib, pickle, sys, typing\ndef hints(c): return typing.get_type_hints(c)\n"
        "def cycle(x): return pickle.loads(pickle.dumps(x))\ndef find(mod, name): return getattr(sys.modules[mod], name)\n",
    },
    {
        "m.py": "from __future__ import annotations\nimport tools\nclass Unit: v = 2\nclass C:\n    unit: Unit\n"
        "def f(): return tools.hints(C)['unit'].v, tools.cycle(Unit()).v, tools.find('m', 'Unit').v\n",
    },
    pre="f0 = m.f; tools = cur('tools')",
    new=["n.f() == (2, 2, 2)", "cur('tools') is tools"],
    old=["f0() == (1, 1, 1)"],
)
C(
    "N11-plugin-registry-in-a-kept-part",
    "__init_subclass__ of a base that is kept: each generation registers itself, old instances run on",
    {
        "m.py": "import api\nclass Csv(api.Plugin, kind='csv'):\n    def run(self): return help()\ndef help(): return 1\n",
        "api.py": "class Plugin:\n    kinds = {}\n    def __init_subclass__(cls, kind=None, **kw):\n        super().__init_subclass__(**kw)\n"
        "        cls.kind = kind\n        Plugin.kinds[kind] = cls\ndef make(kind): return Plugin.kinds[kind]()\n",
    },
    {"m.py": "import api\nclass Csv(api.Plugin, kind='csv'):\n    def run(self): return help() + 1\ndef help(): return 1\n"},
    pre="api = cur('api'); p = api.make('csv')",
    new=["cur('api') is api and type(api.make('csv')) is n.Csv", "api.make('csv').run() == 2"],
    old=["p.run() == 1", "isinstance(p, api.Plugin)"],
)
C(
    "N12-a-kept-registry-that-takes-each-name-once",
    "its objection is the candidate's failure: refused, and whoever serves goes on",
    {
        "m.py": "import api\nclass Job(metaclass=api.Once):\n    def run(self): return 1\n",
        "api.py": "class Once(type):\n    seen = {}\n    def __new__(meta, name, bases, ns):\n        if name in meta.seen: raise TypeError(f'{name} is registered already')\n"
        "        cls = meta.seen[name] = super().__new__(meta, name, bases, ns)\n        return cls\n",
    },
    {"m.py": "import api\nclass Job(metaclass=api.Once):\n    def run(self): return 2\n"},
    pre="j = m.Job()",
    ok=False,
    new=["n.Job is type(j)", "'Job is registered already' in str(error)", "error.file == str(root / 'api.py') and error.line == 4"],
    old=["j.run() == 1"],
    note="the cure is the user's: let the registry go by module and name, or change api.py too",
)
C(
    "N13-singledispatch-of-a-kept-part",
    "classes of both generations are registered, each is dispatched to its own code",
    {
        "m.py": "import show\nclass K: pass\n@show.show.register\ndef _(x: K): return tag()\ndef tag(): return 1\n",
        "show.py": "import functools\n@functools.singledispatch\ndef show(x): return 'any'\n",
    },
    {"m.py": "import show\nclass K: pass\n@show.show.register\ndef _(x: K): return tag()\ndef tag(): return 2\n"},
    pre="k, show = m.K(), cur('show').show",
    new=["show(n.K()) == 2", "cur('show').show is show"],
    old=["show(k) == 1", "show(object()) == 'any'"],
)
C(
    "N14-caches-of-a-kept-part",
    "a cache that outlives generations tells their classes and functions apart",
    {
        "m.py": "import memo\nclass K: v = 1\ndef f(x): return x + 1\ndef use(): return memo.made(K).v, memo.called(f, 1), K().late\nclass K(K):\n    late = memo.cached_property(lambda self: self.v)\n    late.__set_name__(None, 'late')\n",
        "memo.py": "import functools\nfrom functools import cached_property\n@functools.lru_cache\ndef made(cls): return cls()\n@functools.cache\ndef called(fn, x): return fn(x)\n",
    },
    {"m.py": "import memo\nclass K: v = 2\ndef f(x): return x + 2\ndef use(): return memo.made(K).v, memo.called(f, 1), K().late\nclass K(K):\n    late = memo.cached_property(lambda self: self.v)\n    late.__set_name__(None, 'late')\n"},
    pre="use0 = m.use; use0()",
    new=["n.use() == (2, 3, 2)"],
    old=["use0() == (1, 2, 1)"],
)
C(
    "N15-copyreg-and-reduce",
    "a pickle by reduce functions, which pickle finds by their name and compares",
    *before_after("""
        import copy, copyreg, io, pickle
        class A:
            def __reduce__(self): return make_a, (§,)
        def make_a(v): a = A(); a.v = v; return a
        class B: pass
        copyreg.pickle(B, lambda b: (make_b, ()))
        def make_b(): b = B(); b.v = §; return b
        class C:
            def __new__(cls, *, v): c = super().__new__(cls); c.v = v; return c
            def __getnewargs_ex__(self): return (), {"v": self.v}
        def cycle(x, protocol): return pickle.loads(pickle.dumps(x, protocol))
        def all(): return [cycle(x, p).v for x in (A(), B(), C(v=§)) for p in range(2, 6)] + [copy.deepcopy(A()).v]
    """),
    pre="all0 = m.all; data = pickle.dumps(m.A()), pickle.dumps(m.C(v=1))",
    new=["n.all() == [2] * 13", "[type(pickle.loads(d)) for d in data] == [n.A, n.C]"],
    old=["all0() == [1] * 13"],
)
C(
    "N16-abc-of-a-kept-part",
    "virtual subclasses and subclass hooks: classes of every generation are instances of the interface",
    {
        "m.py": "import api\nclass Job:\n    def run(self): return 1\napi.Runs.register(Job)\n",
        "api.py": "import abc, typing\nclass Runs(abc.ABC):\n    @abc.abstractmethod\n    def run(self): ...\n"
        "class Sized(abc.ABC):\n    @classmethod\n    def __subclasshook__(cls, c): return hasattr(c, 'run') or NotImplemented\n"
        "@typing.runtime_checkable\nclass P(typing.Protocol):\n    def run(self): ...\n",
    },
    {"m.py": "import api\nclass Job:\n    def run(self): return 2\napi.Runs.register(Job)\n"},
    pre="j, api = m.Job(), cur('api'); isinstance(j, api.Runs)",
    new=["all(isinstance(n.Job(), t) for t in (api.Runs, api.Sized, api.P))"],
    old=["all(isinstance(j, t) for t in (api.Runs, api.Sized, api.P))", "not isinstance(j, n.Job)"],
)
C(
    "N17-singletons-by-metaclass-and-descriptors-of-a-kept-part",
    "one instance a class, and fields that know their owners by __set_name__",
    {
        "m.py": "import orm\nclass Conf(metaclass=orm.Single):\n    host = orm.Field(1)\n    def get(self): return self.host\n",
        "orm.py": "class Single(type):\n    made = {}\n    def __call__(cls):\n        if cls not in Single.made: Single.made[cls] = super().__call__()\n        return Single.made[cls]\n"
        "class Field:\n    def __init__(self, v): self.v = v\n    def __set_name__(self, owner, name): self.at = owner, name\n    def __get__(self, one, owner=None): return self.v if one else self\n",
    },
    {"m.py": "import orm\nclass Conf(metaclass=orm.Single):\n    host = orm.Field(2)\n    def get(self): return self.host\n"},
    pre="c = m.Conf(); Conf0 = m.Conf",
    new=["n.Conf() is n.Conf() is not c", "n.Conf().get() == 2", "n.Conf.host.at == (n.Conf, 'host')"],
    old=["Conf0() is c and c.get() == 1", "Conf0.host.at == (Conf0, 'host')"],
)
C(
    "N18-overloads-are-those-of-the-newest-text",
    "typing keeps overloads by module and name: a line that moved must not leave the old ones behind",
    {"m.py": "import typing\n@typing.overload\ndef f(x: int) -> int: ...\n@typing.overload\ndef f(x: str) -> str: ...\ndef f(x): return x\nclass Big: pass\n"},
    {"m.py": "import typing\n\n\n@typing.overload\ndef f(x: int) -> str: ...\n@typing.overload\ndef f(x: str) -> int: ...\ndef f(x): return x\n"},
    pre="import typing; w = weakref.ref(m.Big); del m",
    new=["[o.__annotations__['return'] for o in typing.get_overloads(n.f)] == [str, int]", "(gc.collect(), w() is None)[1]"],
)
C(
    "N19-exception-groups-and-causes",
    "except* of old code takes apart what old code raised; causes keep their own generation's text",
    *before_after("""
        class A(Exception): pass
        class B(Exception): pass
        def boom():
            try: raise A("§")
            except A as a: raise ExceptionGroup("g", [B("§"), A("§")]) from a
        def sort(fn):
            found = []
            try: fn()
            except* A as group: found += [("A", str(e)) for e in group.exceptions]
            except* B as group: found += [("B", str(e)) for e in group.exceptions]
            return found
    """),
    pre="boom0, sort0 = m.boom, m.sort",
    new=["n.sort(n.boom) == [('A', '2'), ('B', '2')]"],
    old=["sort0(boom0) == [('A', '1'), ('B', '1')]", "raises(BaseExceptionGroup, lambda: sort0(n.boom))"],
)
C(
    "N20-generic-aliases-and-parameters-of-another-module",
    "a TypeVar, a Generic base and a class_getitem that live in a module which changes",
    {
        "m.py": "import b, typing\nclass Ints(b.Box[int]):\n    def get(self): return super().get() + 1\nAlias = dict[str, b.Box[b.T]]\ndef f(): return Ints().get(), typing.get_args(Alias[int])[1] == b.Box[int], b.Reg['k']\n",
        "b.py": "import typing\nT = typing.TypeVar('T')\nclass Box(typing.Generic[T]):\n    def get(self): return 1\nclass Reg:\n    def __class_getitem__(cls, k): return (k, 1)\n",
    },
    {"b.py": "import typing\nT = typing.TypeVar('T')\nclass Box(typing.Generic[T]):\n    def get(self): return 2\nclass Reg:\n    def __class_getitem__(cls, k): return (k, 2)\n"},
    pre="f0 = m.f; Ints0, Box0 = m.Ints, cur('b').Box",
    new=["n.f() == (3, True, ('k', 2))", "n.Ints.__orig_bases__ == (cur('b').Box[int],)"],
    old=["f0() == (2, True, ('k', 1))", "Ints0.__orig_bases__ == (Box0[int],)"],
)
C(
    "N21-lazy-type-aliases",
    "PEP 695: an alias and a bound are evaluated when they are asked for, here after the swap",
    *before_after("""
        class Unit: v = §
        type Units = list[Unit]
        class Box[T: Unit]:
            def bound(self): return Box.__type_params__[0].__bound__
        def f(): return Units.__value__.__args__[0].v, Box().bound().v
    """),
    pre="f0 = m.f",
    new=["n.f() == (2, 2)"],
    old=["f0() == (1, 1)"],
    note="Python 3.12+ only",
)
C(
    "N22-cloudpickle-by-value-and-by-name",
    "closures and lambdas travel by value, managed modules by name; both generations can be shipped",
    {
        "m.py": "import cloudpickle, b, pkg, pkg.sub\ndef make(k):\n    def inner(x): return x + k + b.v + pkg.sub.v\n    return cloudpickle.dumps(inner)\n"
        "def load(data): return cloudpickle.loads(data)(0)\ndef modules(): return [getattr(x, 'v', x.__name__) for x in cloudpickle.loads(cloudpickle.dumps((b, pkg, pkg.sub)))]\n",
        "b.py": "v = 1\n", "pkg/__init__.py": "", "pkg/sub.py": "v = 10\n",
    },
    {"b.py": "v = 2\n", "pkg/sub.py": "v = 20\n"},
    pre="make0, load0, modules0 = m.make, m.load, m.modules; data = make0(100)",
    new=["n.load(n.make(100)) == 122", "n.load(data) == 122", "n.modules() == [2, 'pkg', 20]"],
    old=["load0(make0(100)) == 111", "load0(data) == 111", "modules0() == [1, 'pkg', 10]"],
)

C(
    "N23-hints-that-typing-remembers-by-their-text",
    'Optional["Big"] is one object for both generations, and remembers what the first of them found',
    *before_after("""
        import typing
        class Big: v = §
        def f(x: typing.Optional["Big"], y: "typing.Union[Big, int]", *z: typing.List["Big"]): pass
        def hints(): return [t.__args__[0].v for t in typing.get_type_hints(f).values()]
    """),
    pre="hints0 = m.hints; first = hints0()",
    new=["n.hints() == [2, 2, 2]"],
    old=["first == hints0() == [1, 1, 1]"],
)

# --- O. running code -------------------------------------------------------------------------------------------------

C(
    "O01-task-group-that-imports-late",
    "asyncio.run in a thread, a TaskGroup in flight, each task imports for the first time after the swap",
    {
        "m.py": """
            import asyncio, threading
            ready, go, out = threading.Event(), threading.Event(), []
            async def one(i):
                await asyncio.to_thread(go.wait, 10)
                import late
                out.append(late.value(i))
            async def main():
                async with asyncio.TaskGroup() as group:
                    for i in range(3): group.create_task(one(i))
                    ready.set()
            def run(): asyncio.run(main())
        """,
        "late.py": "from deep import base\ndef value(i): return base + i\n", "deep.py": "base = 10\n",
    },
    {"late.py": None, "deep.py": "base = 99\n", "m.py": "out = []\n"},
    pre="t = threading.Thread(target=m.run); t.start(); m.ready.wait(10); go, out = m.go, m.out",
    new=["n.out == []"],
    old=["(go.set(), t.join(10), sorted(out))[2] == [10, 11, 12]"],
)
C(
    "O02-names-resolved-on-the-loop's-executor",
    "to_thread hands a library function to a pool: it finds the generation of the coroutine",
    *before_after("""
        import asyncio, pickle
        class Job: v = §
        async def co(): return (await asyncio.to_thread(pickle.loads, pickle.dumps(Job()))).v
        def run(): return asyncio.run(co())
        def mine(x): return x
    """),
    pre="g0 = loader.current; run0 = m.run",
    new=["loader.current.run(n.run) == 2"],
    old=["g0.run(run0) == 1"],
)
C(
    "O03-exit-stacks-entered-before-the-swap",
    "callbacks, contexts and push() of ExitStack and AsyncExitStack unwind in old code, which imports late",
    {
        "m.py": """
            import contextlib
            out = []
            class Res:
                def __enter__(self): return self
                def __exit__(self, *a): out.append(tag("exit"))
            def tag(x):
                from label import label
                return label + x
            @contextlib.contextmanager
            def con():
                try: yield
                except KeyError: out.append(tag("caught"))
            def open():
                stack = contextlib.ExitStack()
                stack.callback(lambda: out.append(tag("call")))
                stack.enter_context(Res()); stack.enter_context(con())
                return stack
            async def aopen():
                stack = contextlib.AsyncExitStack()
                async def bye(): out.append(tag("bye"))
                stack.push_async_callback(bye)
                return stack
        """,
        "label.py": "label = '1'\n",
    },
    {"label.py": "label = '2'\n"},
    pre="""
        import asyncio
        stack, out = m.open(), m.out
        astack = asyncio.run(m.aopen())
    """,
    old=["stack.__exit__(KeyError, KeyError(), None) and out == ['1caught', '1exit', '1call']", "(asyncio.run(astack.aclose()), out[-1])[1] == '1bye'"],
)
C(
    "O04-async-generators-closed-by-the-loop",
    "aclose by the loop's shutdown, athrow, and an async comprehension, all in old code",
    *before_after("""
        out = []
        def end(x): out.append((x, §))
        async def ticks():
            try:
                while True: yield §
            finally: end("closed")
        async def two(): return [x async for x in take(2)]
        async def take(n):
            async for x in ticks():
                yield x
                n -= 1
                if not n: return
        async def first(gen): return await anext(gen)
    """),
    pre="""
        import asyncio
        loop = asyncio.new_event_loop(); gen, out, two0, first0 = m.ticks(), m.out, m.two, m.first
        loop.run_until_complete(first0(gen))
    """,
    new=["asyncio.run(n.two()) == [2, 2]"],
    old=["loop.run_until_complete(first0(gen)) == 1", "(loop.run_until_complete(loop.shutdown_asyncgens()), out)[1][0] == ('closed', 1)", "loop.run_until_complete(two0()) == [1, 1]", "loop.close() is None"],
)
C(
    "O05-forked-pools-run-the-code-that-forked-them",
    "a process pool of old code goes on; new code makes its own",
    {
        "m.py": "import multiprocessing, helper\ndef f(x):\n    import late\n    return helper.k + late.k + x\ndef pool(): return multiprocessing.get_context('fork').Pool(1)\n"
        "def ask(pool, *x): return pool.map(f, x)\n",
        "helper.py": "k = 10\n", "late.py": "k = 1\n",
    },
    {"helper.py": "k = 20\n", "late.py": "k = 2\n"},
    pre="p0 = m.pool(); ask0 = m.ask; first = ask0(p0, 0)",
    new=["(lambda p: (n.ask(p, 0, 1), p.terminate(), p.join())[0])(n.pool()) == [22, 23]"],
    old=["first == [11]", "ask0(p0, 0, 1) == [11, 12]", "(p0.terminate(), p0.join())[1] is None"],
)
C(
    "O06-old-code-reloads",
    "an instance may ask for the reload itself, and goes on with its own code",
    {"m.py": "def f(reload):\n    a = g()\n    reload()\n    return a, g()\ndef g():\n    from helper import k\n    return k\n", "helper.py": "k = 1\n"},
    {},
    pre="(root / 'helper.py').write_text('k = 2\\n'); g1 = loader.current; got = m.f(loader.reload)",
    new=["got == (1, 1)", "n.g() == 2", "loader.current is not g1"],
)
C(
    "O07-everybody-looks-through-sys-modules",
    "threads walk all modules and ask each for its file, doc and names while fifty reloads pass",
    {"m.py": "import b\nX = b.k\n", "b.py": "'doc'\nk = 0\n"},
    {},
    pre="""
        import inspect
        stop, wrong = threading.Event(), []
        def walk():
            while not stop.is_set():
                for name, module in list(sys.modules.items()):
                    try:
                        getattr(module, '__file__', None)
                        if name in ('m', 'b'): dir(module), repr(module), inspect.getmodule(module), module.__doc__, vars(module)
                    except BaseException as error: wrong.append((name, error))
        walkers = [threading.Thread(target=walk) for _ in range(2)]
        for t in walkers: t.start()
        for i in range(1, 51):
            (root / 'b.py').write_text(f"'doc'\\nk = {i}\\n"); loader.reload([root / 'b.py'])
        stop.set()
        for t in walkers: t.join(20)
    """,
    new=["n.X == 50 and not wrong"],
)
C(
    "O08-callbacks-of-the-standard-library",
    "sched, queue, Future callbacks, weakref callbacks, functools.partial, sorted keys: queued before, run after",
    *before_after("""
        import concurrent.futures as cf, functools, queue, sched, weakref
        out = []
        def note(what, *rest): out.append((what, tag()))
        def tag(): return §
        class Thing: pass
        def arm():
            s = sched.scheduler(lambda: 0, lambda n: None); s.enter(0, 1, note, ("sched",))
            q = queue.Queue(); q.put(functools.partial(note, "queue"))
            f = cf.Future(); f.add_done_callback(functools.partial(note, "future"))
            t = Thing(); r = weakref.ref(t, functools.partial(note, "weakref"))
            return s, q, f, [t], r, sorted([3, 1], key=lambda x: (x, tag()))
    """),
    pre="s, q, f, t, r, _ = m.arm(); out = m.out",
    new=["n.out == []"],
    old=["(s.run(), q.get()(), f.set_result(0), t.clear(), gc.collect(), out)[5] == [('sched', 1), ('queue', 1), ('future', 1), ('weakref', 1)]"],
)
C(
    "O09-thread-local-and-context-of-a-kept-part",
    "a kept part hands out what each generation put in, thread by thread",
    {
        "m.py": "import ctx\ndef f():\n    with ctx.using(1): return [ctx.get(), g()]\ndef g():\n    import threading\n    got = []\n    t = threading.Thread(target=lambda: got.append(ctx.get())); t.start(); t.join()\n    return got\n",
        "ctx.py": "import contextlib, contextvars\nV = contextvars.ContextVar('V', default=0)\ndef get(): return V.get()\n@contextlib.contextmanager\ndef using(v):\n    token = V.set(v)\n    try: yield\n    finally: V.reset(token)\n",
    },
    {"m.py": "import ctx\ndef f():\n    with ctx.using(2): return [ctx.get(), g()]\ndef g(): return [ctx.get()]\n"},
    pre="f0 = m.f",
    new=["n.f() == [2, [2]]"],
    old=["f0() == [1, [0]]"],
)

# --- P. imports ------------------------------------------------------------------------------------------------------

LAZY = {
    "m.py": "import pkg\ndef f(): return pkg.work(), pkg.extra.w\n",
    "pkg/__init__.py": "import lazy_loader as lazy\n__getattr__, __dir__, __all__ = lazy.attach(__name__, submodules=['extra'], submod_attrs={'impl': ['work']})\n",
    "pkg/impl.py": "def work(): return 1\n", "pkg/extra.py": "w = 1\n",
}
C(
    "P01-lazy-loader-used-before-the-swap",
    "SciPy's idiom: a package fetches its submodules with their first use, by names in lists",
    LAZY,
    {"pkg/impl.py": "def work(): return 2\n"},
    pre="f0 = m.f; f0()",
    new=["n.f() == (2, 1)"],
    old=["f0() == (1, 1)"],
)
C(
    "P02-lazy-loader-used-first-after-the-swap",
    "old code gets the submodule as it was, though nothing had imported it and it is gone from the disk",
    LAZY,
    {"pkg/impl.py": "def work(): return 2\n", "pkg/extra.py": "w = 2\n"},
    pre="f0 = m.f",
    new=["n.f() == (2, 2)"],
    old=["f0() == (1, 1)"],
)
C(
    "P03-package-that-replaces-itself-by-a-lazy-module",
    "the transformers idiom: a ModuleType subclass with a table of names in sys.modules",
    {
        "m.py": "from pkg import Model\nimport pkg\ndef f(): return Model.v, pkg.helper(), type(pkg).__name__\n",
        "pkg/__init__.py": """
            import importlib, sys, types
            TABLE = {"models": ["Model"], "tools": ["helper"]}
            class Lazy(types.ModuleType):
                def __init__(self, name, file, table, spec):
                    super().__init__(name)
                    self._at = {attr: mod for mod, attrs in table.items() for attr in attrs}
                    self.__file__, self.__spec__, self.__path__ = file, spec, [file.rpartition("/")[0]]
                def __getattr__(self, attr):
                    if attr not in self._at: raise AttributeError(attr)
                    value = getattr(importlib.import_module("." + self._at[attr], self.__name__), attr)
                    setattr(self, attr, value)
                    return value
            sys.modules[__name__] = Lazy(__name__, globals()["__file__"], TABLE, __spec__)
        """,
        "pkg/models.py": "class Model: v = 1\n", "pkg/tools.py": "def helper(): return 1\n",
    },
    {"pkg/models.py": "class Model: v = 2\n", "pkg/tools.py": "def helper(): return 2\n"},
    pre="f0 = m.f",
    new=["n.f() == (2, 2, 'Lazy')"],
    old=["f0() == (1, 1, 'Lazy')"],
)
C(
    "P08-pkgutil-extend-path",
    "the old way to spread a package over two folders, both of them roots and on sys.path",
    {
        "x/m.py": "import sys\nsys.path[:0] = [r for r in __import__('roots_xyz').R if r not in sys.path]\nimport pkg.one, pkg.two\ndef f(): return pkg.one.v, pkg.two.v\n",
        "x/roots_xyz.py": "import pathlib\nR = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent / 'y')]\n",
        "x/pkg/__init__.py": "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n", "x/pkg/one.py": "v = 1\n",
        "y/pkg/__init__.py": "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n", "y/pkg/two.py": "v = 1\n",
    },
    {"y/pkg/two.py": "v = 2\n"},
    pre="f0 = m.f",
    new=["n.f() == (1, 2)"],
    old=["f0() == (1, 1)"],
    roots=("x", "y"),
)
C(
    "P09-a-package-that-adds-to-its-path",
    "modules found in a folder that the package appends to __path__ while it runs",
    {
        "m.py": "import pkg\nfrom pkg import extra\nimport pkg.more as more\ndef f(): return extra.v, more.v\n",
        "pkg/__init__.py": "import os\n__path__.append(os.path.join(os.path.dirname(__file__), 'vendored'))\n",
        "pkg/vendored/extra.py": "v = 1\n", "pkg/vendored/more.py": "v = 1\n",
    },
    [{"pkg/vendored/extra.py": "v = 2\n"}, {"pkg/vendored/more.py": "v = 3\n"}],
    pre="f0 = m.f",
    mid=["f1 = cur('m').f"],
    new=["n.f() == (2, 3)"],
    old=["f0() == (1, 1)", "f1() == (2, 1)"],
)
C(
    "P17-package-becomes-a-module",
    "helper/__init__.py goes, helper.py comes, an empty folder stays behind",
    {"m.py": "import helper\ndef f(): return helper.v\ndef late():\n    from helper import inner\n    return inner.v\n", "helper/__init__.py": "v = 1\n", "helper/inner.py": "v = 1\n"},
    {"helper/__init__.py": None, "helper/inner.py": None, "helper.py": "v = 2\ninner = __import__('types').SimpleNamespace(v=2)\n"},
    pre="f0, late0 = m.f, m.late",
    new=["n.f() == 2 and n.late() == 2", "not hasattr(cur('helper'), '__path__')"],
    old=["f0() == 1 and late0() == 1"],
)
C(
    "P23-an-optional-module-goes-away",
    "try: import fast / except ImportError falls back when fast.py is removed; a plain import is refused",
    {"m.py": "import contextlib\ntry:\n    import fast_xyz as impl\nexcept ImportError:\n    import slow_xyz as impl\nwith contextlib.suppress(ImportError):\n    import extra_xyz\nX = impl.k\n", "fast_xyz.py": "k = 1\n", "slow_xyz.py": "k = 2\n", "extra_xyz.py": ""},
    [{"fast_xyz.py": None, "extra_xyz.py": None}, {"slow_xyz.py": None}],
    pre="m0 = m",
    mid=["assert cur('m').X == 2", "last = error"],
    ok=False,
    new=["n.X == 2 and not hasattr(n, 'extra_xyz')", "last.code in ('source-missing', 'missing-dependency')"],
    old=["m0.X == 1"],
)
C(
    "P24-files-for-other-pythons",
    "a file behind `if sys.version_info` that this Python cannot even read is nobody's concern",
    {"m.py": "import sys\nif sys.version_info < (3,):\n    from old_xyz import k\nelif sys.version_info > (9,):\n    import next_xyz\nelse:\n    from now_xyz import k\ndef f(): return k\n", "old_xyz.py": "print 'two'\nk = 0\n", "next_xyz.py": "async match await\n", "now_xyz.py": "k = 1\n"},
    [{"now_xyz.py": "k = 2\n"}, {"old_xyz.py": "print 'three'\n"}],
    pre="f0 = m.f",
    ok=None,
    new=["n.f() == 2"],
    old=["f0() == 1"],
)
C(
    "P04-class-of-the-module-is-replaced",
    "sys.modules[__name__].__class__ = X, in a module and in a package whose submodule changes",
    {
        "m.py": "import sys, types, pkg\nimport pkg.sub\nclass X(types.ModuleType):\n    @property\n    def now(self): return k\nk = 1\nsys.modules[__name__].__class__ = X\ndef f(): return sys.modules[__name__].now, pkg.name, pkg.sub.v\n",
        "pkg/__init__.py": "import sys, types\nclass Y(types.ModuleType):\n    @property\n    def name(self): return 'p'\nsys.modules[__name__].__class__ = Y\n",
        "pkg/sub.py": "v = 1\n",
    },
    {"pkg/sub.py": "v = 2\n"},
    pre="f0, pkg0, m0 = m.f, cur('pkg'), m",
    new=["n.f() == (1, 'p', 2)", "n.now == 1 and sys.modules['m'].now == 1"],
    old=["f0() == (1, 'p', 1)", "m0.now == 1"],
)
C(
    "P05-imports-at-odd-places",
    "in a class body, a default argument, a comprehension, a lambda, a decorator, an except clause, a match",
    {
        "m.py": """
            class C:
                import helper
                from helper import k
            def default(x=__import__("helper").k): return x
            made = [__import__(name).k for name in ("helper", "other")]
            late = lambda: __import__("other").k
            def deco(fn):
                import helper
                fn.k = helper.k
                return fn
            @deco
            def f():
                try: 1 / 0
                except ZeroDivisionError:
                    import other
                match other.k:
                    case _:
                        from helper import k as found
                return found, other.k
            def all(): return C.k, C.helper.k, default(), made, late(), f.k, f()
        """,
        "helper.py": "k = 1\n", "other.py": "k = 10\n",
    },
    {"helper.py": "k = 2\n", "other.py": "k = 20\n"},
    pre="all0 = m.all",
    new=["n.all() == (2, 2, 2, [2, 20], 20, 2, (2, 20))"],
    old=["all0() == (1, 1, 1, [1, 10], 10, 1, (1, 10))"],
)
C(
    "P06-relative-imports-in-old-code-after-the-swap",
    "from . import x, from .. import y, from ..sib import z, import a.b.c as q: for the first time, files edited or gone",
    {
        "m.py": "import a.b.c\ndef f(): return a.b.c.f()\n",
        "a/__init__.py": "", "a/b/__init__.py": "", "a/y.py": "v = 1\n", "a/sib/__init__.py": "z = 1\n", "a/b/x.py": "v = 1\n",
        "a/b/c.py": "def f():\n    from . import x\n    from .. import y\n    from ..sib import z\n    from .x import v as w\n    import a.b.x as q\n    return x.v, y.v, z, w, q.v\n",
    },
    {"a/b/c.py": "def f(): return 2\n", "a/y.py": None, "a/sib/__init__.py": "z = 2\n", "a/b/x.py": "v = 2\n"},
    pre="f0 = m.f",
    new=["n.f() == 2"],
    old=["f0() == (1, 1, 1, 1, 1)"],
)
C(
    "P07-computed-all-and-chains-of-stars",
    "__all__ that is added up from submodules, and a star that goes through two packages",
    {
        "m.py": "from pkg import *\ndef f(): return sorted(n for n in globals() if n in ('a', 'b', 'c', '_h')), a\n",
        "pkg/__init__.py": "from .one import *\nfrom .one import __all__ as _one\nfrom . import two\nfrom .two import *\n__all__ = list(_one)\n__all__ += [n for n in vars(two) if not n.startswith('_')]\n",
        "pkg/one.py": "__all__ = ['a']\na = 1\nb = 1\n", "pkg/two.py": "b = 2\n_h = 1\n",
    },
    {"pkg/one.py": "__all__ = ['a', 'c']\na = 10\nc = 1\n"},
    pre="f0 = m.f",
    new=["n.f() == (['a', 'b', 'c'], 10)"],
    old=["f0() == (['a', 'b'], 1)"],
)
C(
    "P10-find-spec-as-a-question",
    "importlib.util.find_spec tells what is installed; what appears later is noticed",
    {"m.py": "import importlib.util as u\nHAS = u.find_spec('fast_xyz') is not None\nSURE = u.find_spec('sure_xyz') is not None\nif HAS:\n    import fast_xyz\ndef f(): return HAS and fast_xyz.v, SURE\n", "sure_xyz.py": ""},
    {"fast_xyz.py": "v = 2\n"},
    pre="f0 = m.f",
    new=["n.f() == (2, True)"],
    old=["f0() == (False, True)"],
)
C(
    "P11-spec-and-exec-of-a-managed-module",
    "the recipes of importlib's manual never make a second, stray module of a managed name",
    {"m.py": """
        import importlib.util as u, sys
        def recipe(name):
            spec = u.find_spec(name)
            module = u.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        import helper
        def f():
            try: return recipe("helper").k
            except ImportError as error: return str(error)
    """, "helper.py": "k = 1\n"},
    {"helper.py": "k = 2\n"},
    pre="f0 = m.f; f0()",
    new=["'managed by hotd' in n.f()", "n.helper.k == 2 and sys.modules['helper'].k == 2"],
    old=["'managed by hotd' in f0()"],
)
C(
    "P12-plugins-by-file-location",
    "spec_from_file_location under a name of the program's own: not managed, but what it imports is the asker's",
    {"m.py": """
        import importlib.util as u, pathlib, sys, helper
        def load(name):
            spec = u.spec_from_file_location("plugin_" + name, pathlib.Path(__file__).parent / "plugins" / (name + ".py"))
            module = u.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.run()
    """, "helper.py": "k = 1\n", "plugins/a.py": "import helper\ndef run(): return helper.k\n"},
    {"helper.py": "k = 2\n"},
    pre="load0 = m.load; load0('a')",
    new=["n.load('a') == 2", "'plugin_a' not in sys.modules"],
    old=["load0('a') == 1"],
)
C(
    "P13-runpy",
    "run_module of a managed module and of a package runs the text of the asker's generation",
    {
        "m.py": "import runpy, helper, warnings\ndef f(): return runpy.run_module('tool_xyz')['out'], runpy.run_module('pkg')['out']\n",
        "helper.py": "k = 1\n", "tool_xyz.py": "import helper\nout = __name__, helper.k\n", "pkg/__init__.py": "", "pkg/__main__.py": "import helper\nfrom . import part\nout = __name__, helper.k, part.p\n", "pkg/part.py": "p = 1\n",
    },
    {"helper.py": "k = 2\n", "tool_xyz.py": "import helper\nout = __name__, helper.k * 10\n"},
    pre="f0 = m.f; first = f0()",
    new=["n.f() == (('tool_xyz', 20), ('pkg.__main__', 2, 1))"],
    old=["first == (('tool_xyz', 1), ('pkg.__main__', 1, 1))", "f0() == first"],
)
C(
    "P14-an-entry-named-main",
    "pkg.__main__ is a module like any other",
    {"m.py": "", "pkg/__init__.py": "", "pkg/__main__.py": "from . import part\ndef main(): return __name__, part.v\n", "pkg/part.py": "v = 1\n"},
    {"pkg/part.py": "v = 2\n"},
    pre="g = loader.load('pkg.__main__'); main0 = g.module('pkg.__main__').main",
    new=["cur('pkg.__main__').main() == ('pkg.__main__', 2)"],
    old=["main0() == ('pkg.__main__', 1)"],
)
C(
    "P15-fake-modules-in-sys-modules",
    "the six.moves idiom: a module made by hand, below a managed package and at the top",
    *({
        "m.py": "import fakes\nfrom fakes import moves\nimport fakes.moves as same\nfrom fakes.moves import x\nimport top_fake_xyz\ndef f(): return moves.x, same.x, x, top_fake_xyz.x\n",
        "fakes.py": f"import sys, types\n__path__ = []\nmoves = sys.modules[__name__ + '.moves'] = types.ModuleType(__name__ + '.moves')\nmoves.x = {v}\ntop = sys.modules['top_fake_xyz'] = types.ModuleType('top_fake_xyz')\ntop.x = {v}\n",
    } for v in (1, 2)),
    pre="f0 = m.f",
    new=["n.f() == (2, 2, 2, 2)"],
    old=["f0() == (1, 1, 1, 1)"],
)
C(
    "P16-attribute-and-submodule-of-one-name",
    "from .run import run; a dict named like a submodule; import binds the submodule over it, as ever",
    {
        "m.py": "import pkg\nfrom pkg import run\nimport pkg.run as fn, pkg.config\ndef f(): return run(), fn(), pkg.config.v, pkg.late()\n",
        "pkg/__init__.py": "from .run import run\nconfig = {}\ndef late(): return config.v if config else None\n", "pkg/run.py": "def run(): return 1\n", "pkg/config.py": "v = 1\n",
    },
    [{"pkg/run.py": "def run(): return 2\n"}, {"pkg/config.py": "v = 3\n"}],
    pre="f0 = m.f",
    mid=["f1 = cur('m').f"],
    new=["n.f() == (2, 2, 3, 3)"],
    old=["f0() == (1, 1, 1, 1)", "f1() == (2, 2, 1, 1)"],
)
C(
    "P18-module-becomes-a-namespace-and-comes-back",
    "helper.py is replaced by a bare folder, then the other way round",
    {"m.py": "from helper import k\ndef f(): return k\n", "helper.py": "k = 1\n"},
    [{"m.py": "from helper.sub import k\ndef f(): return k\n", "helper.py": None, "helper/sub.py": "k = 2\n"}, {"m.py": "from helper import k\ndef f(): return k\n", "helper": None, "helper.py": "k = 3\n"}],
    pre="f0 = m.f",
    mid=["f1 = cur('m').f; ns = cur('helper')"],
    new=["n.f() == 3"],
    old=["f0() == 1 and f1() == 2", "ns.__path__ and ns.__spec__.origin is None"],
)
C(
    "P19-renamed-by-case",
    "Helper.py becomes helper.py, and its importer with it",
    {"m.py": "import Helper\ndef f(): return Helper.k\n", "Helper.py": "k = 1\n"},
    {"m.py": "import helper\ndef f(): return helper.k\n", "Helper.py": None, "helper.py": "k = 2\n"},
    pre="f0 = m.f",
    new=["n.f() == 2", "loader.current.parts == ('helper', 'm')"],
    old=["f0() == 1"],
)
C(
    "P20-deleted-then-recreated",
    "an editor that deletes first: refused while it is gone, accepted with its new text",
    {"m.py": "import b\ndef f(): return b.k\n", "b.py": "k = 1\n"},
    [{"b.py": None}, {"b.py": "k = 2\n"}],
    pre="f0 = m.f; import b as outside",
    mid=["assert cur('m').f() == 1 and outside.k == 1"],
    new=["n.f() == 2 and outside.k == 2"],
    old=["f0() == 1"],
)
C(
    "P21-deploy-by-link",
    "current -> releases/1 is pointed at releases/2: only what differs is executed again",
    {"releases/1/m.py": "import b, c\ndef f(): return b.k, c.k\n", "releases/1/b.py": "k = 1\n", "releases/1/c.py": "k = object()\n", "current": "-> releases/1"},
    {"releases/2/m.py": "import b, c\ndef f(): return b.k, c.k\n", "releases/2/b.py": "k = 2\n", "releases/2/c.py": "k = object()\n", "current": "-> releases/2"},
    pre="f0 = m.f; c0 = cur('c')",
    new=["n.f()[0] == 2 and cur('c') is c0", "n.__file__ == str(root / 'current/m.py')"],
    old=["f0()[0] == 1"],
    roots=("current",),
)
C(
    "P22-a-linked-file-is-pointed-elsewhere",
    "lib.py -> v1/lib.py becomes lib.py -> v2/lib.py",
    {"m.py": "import lib\ndef f(): return lib.v\n", "v1/lib.py": "v = 1\n", "v2/lib.py": "v = 2\n", "lib.py": "-> v1/lib.py"},
    [{"lib.py": "-> v2/lib.py"}, {"v2/lib.py": "v = 3\n"}, {"v1/lib.py": "v = 9\n"}],
    pre="f0 = m.f",
    new=["n.f() == 3"],
    old=["f0() == 1"],
)
C(
    "P25-choice-by-the-environment",
    "which module is imported is decided when the code runs; all of them belong to the closure",
    {"m.py": "import os\nif os.environ.get('P25') == 'b': from b_xyz import k\nelse: from a_xyz import k\ndef f(): return k\ndef other():\n    from b_xyz import k\n    return k\n", "a_xyz.py": "k = 'a1'\n", "b_xyz.py": "k = 'b1'\n"},
    {"b_xyz.py": "k = 'b2'\n"},
    pre="import os; f0, other0 = m.f, m.other; os.environ['P25'] = 'b'",
    new=["n.f() == 'b2' and n.other() == 'b2'"],
    old=["f0() == 'a1' and other0() == 'b1'"],
)
C(
    "P26-discovery-by-pkgutil",
    "iter_modules and walk_packages over a package of plugins, at import, and again after an edit",
    {
        "m.py": "import importlib, pkgutil, plugins\nFOUND = {i.name: importlib.import_module(i.name).v for i in pkgutil.walk_packages(plugins.__path__, 'plugins.') if not i.ispkg}\ndef f(): return FOUND\n",
        "plugins/__init__.py": "", "plugins/a.py": "v = 1\n", "plugins/deep/__init__.py": "", "plugins/deep/b.py": "v = 1\n",
    },
    {"plugins/deep/b.py": "v = 2\n", "plugins/c.py": "v = 3\n"},
    pre="f0 = m.f; a0 = cur('plugins.a')",
    new=["n.f() == {'plugins.a': 1, 'plugins.deep.b': 2, 'plugins.c': 3}", "cur('plugins.a') is a0"],
    old=["f0() == {'plugins.a': 1, 'plugins.deep.b': 1}"],
)
C(
    "P27-names-in-strings",
    "pkgutil.resolve_name and a library's import_string find the asker's module",
    {"m.py": "import pkgutil, logging.config, helper\ndef f(): return pkgutil.resolve_name('helper:K.v'), pkgutil.resolve_name('pkg.sub.v'), logging.config._resolve('helper.K').v\n", "helper.py": "class K: v = 1\n", "pkg/__init__.py": "", "pkg/sub.py": "v = 1\n"},
    {"helper.py": "class K: v = 2\n", "pkg/sub.py": "v = 2\n"},
    pre="f0 = m.f; first = f0()",
    new=["n.f() == (2, 2, 2)"],
    old=["first == f0() == (1, 1, 1)"],
)
C(
    "P28-getattr-that-warns-and-dir",
    "PEP 562 for renamed things, with __dir__, star-imported over a computed __all__",
    {
        "m.py": "import warnings\nfrom old_xyz import *\nimport old_xyz\ndef f():\n    with warnings.catch_warnings(record=True) as seen:\n        warnings.simplefilter('always')\n        return old_xyz.gone(), gone(), [str(w.message) for w in seen], 'gone' in dir(old_xyz)\n",
        "old_xyz.py": "import warnings\n__all__ = ['gone']\ndef _new(): return 1\ndef __getattr__(name):\n    if name == 'gone':\n        warnings.warn('gone 1', DeprecationWarning, stacklevel=2)\n        return _new\n    raise AttributeError(name)\ndef __dir__(): return __all__\n",
    },
    {"old_xyz.py": "import warnings\n__all__ = ['gone']\ndef _new(): return 2\ndef __getattr__(name):\n    if name == 'gone':\n        warnings.warn('gone 2', DeprecationWarning, stacklevel=2)\n        return _new\n    raise AttributeError(name)\ndef __dir__(): return __all__\n"},
    pre="f0 = m.f",
    new=["n.f() == (2, 2, ['gone 2'], True)"],
    old=["f0() == (1, 1, ['gone 1'], True)"],
)
C(
    "P29-exec-with-globals-of-its-own",
    "templates and rule engines: code in a bare namespace, compiled before the swap and run after it",
    {"m.py": "CODE = compile('from helper import k\\nimport pkg.sub\\nout = k, pkg.sub.v', '<rule>', 'exec')\ndef f():\n    ns = {'__name__': 'rule'}\n    exec(CODE, ns)\n    return ns['out']\ndef make():\n    ns = {}\n    exec('def g():\\n    import helper\\n    return helper.k', ns)\n    return ns['g']\n", "helper.py": "k = 1\n", "pkg/__init__.py": "", "pkg/sub.py": "v = 1\n"},
    {"helper.py": "k = 2\n", "pkg/sub.py": "v = 2\n"},
    pre="f0, g0 = m.f, m.make(); f0()",
    new=["n.f() == (2, 2) and n.make()() == 2"],
    old=["f0() == (1, 1) and g0() == 1"],
)
C(
    "P30-a-hundred-modules-wide-and-deep",
    "a fan-out of two hundred imports and a chain of a hundred",
    {"m.py": "".join(f"import w{i}\n" for i in range(200)) + "import c0\ndef f(): return c0.total(), sum(globals()[f'w{i}'].v for i in range(200))\n",
     **{f"w{i}.py": "v = 1\n" for i in range(200)}, **{f"c{i}.py": f"import c{i + 1}\ndef total(): return c{i + 1}.total() + 1\n" for i in range(100)}, "c100.py": "def total(): return 1\n"},
    {"c100.py": "def total(): return 2\n", "w7.py": "v = 8\n"},
    pre="f0 = m.f; w6 = cur('w6')",
    new=["n.f() == (102, 207)", "cur('w6') is w6"],
    old=["f0() == (101, 200)"],
)
C(
    "P31-imports-through-a-kept-part-that-does-not-know-them",
    "an import hook of the user's own: a helper in a kept part imports by name for whoever calls",
    {
        "m.py": "import util\ndef f(): return util.lazy('heavy_xyz')().k\nimport heavy_xyz\n",
        "util.py": "class lazy:\n    def __init__(self, name): self.name = name\n    def __call__(self): return __import__(self.name)\n", "heavy_xyz.py": "k = 1\n",
    },
    {"heavy_xyz.py": "k = 2\n"},
    pre="f0 = m.f; util = cur('util')",
    new=["n.f() == 2 and cur('util') is util"],
    old=["f0() == 1"],
)
C(
    "P32-lazy-loader-of-the-standard-library",
    "importlib.util.LazyLoader cannot defer what is managed; it says so and breaks nobody else",
    {"m.py": """
        import importlib.util as u, sys
        import helper
        def lazy(name):
            spec = u.find_spec(name)
            spec = u.spec_from_loader(name, u.LazyLoader(spec.loader))
            module = u.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        def f():
            try: return lazy("helper").k
            except ImportError as error: return "managed by hotd" in str(error)
    """, "helper.py": "k = 1\n"},
    {"helper.py": "k = 2\n"},
    pre="f0 = m.f; f0()",
    new=["n.f() is True and n.helper.k == 2"],
    old=["f0() is True"],
)
C(
    "P33-somebody-clears-the-names",
    "a test that deletes modules from sys.modules, or puts others there, does not reach managed code",
    {"m.py": "import sys\ndef f():\n    import helper\n    return helper.k\ndef clear(): return [sys.modules.pop(k, None) for k in ('helper', 'm')]\n", "helper.py": "k = 1\n"},
    {"helper.py": "k = 2\n"},
    pre="f0 = m.f; f0(); m.clear()",
    new=["n.f() == 2", "__import__('helper').k == 2 and __import__('m').f() == 2"],
    old=["f0() == 1"],
)

C(
    "P34-a-package-and-its-submodule-import-each-other",
    "pkg imports pkg.sub, which imports pkg, and a third one that imports both; each of them is edited in turn",
    {
        "m.py": "import pkg\ndef f(): return pkg.v(), pkg.sub.w(), pkg.sub.third.t()\n",
        "pkg/__init__.py": "from . import sub\nfrom .sub import w\nK = 1\ndef v(): return w() + K\n",
        "pkg/sub.py": "import pkg\nfrom . import third\ndef w(): return 10\ndef k(): return pkg.K\n",
        "pkg/third.py": "from pkg import sub\nimport pkg.sub as same\ndef t(): return sub.w() + same.k()\n",
    },
    [
        {"pkg/third.py": "from pkg import sub\nimport pkg.sub as same\ndef t(): return -sub.w() - same.k()\n"},
        {"pkg/sub.py": "import pkg\nfrom . import third\ndef w(): return 20\ndef k(): return pkg.K\n"},
        {"pkg/__init__.py": "from . import sub\nfrom .sub import w\nK = 2\ndef v(): return w() + K\n"},
    ],
    pre="f0 = m.f",
    mid=["f1 = cur('m').f", "f2 = cur('m').f"],
    new=["n.f() == (22, 20, -22)"],
    old=["f0() == (11, 10, 11)", "f1() == (11, 10, -11)", "f2() == (21, 20, -21)"],
)
C(
    "P35-cycles-that-come-and-go",
    "an edit closes a cycle, the next one opens it; a module that imports itself",
    {"m.py": "import m as me, a\ndef f(): return me.g(), a.x()\ndef g(): return 1\n", "a.py": "import b\ndef x(): return b.y()\n", "b.py": "def y(): return 1\n"},
    [{"b.py": "import a\ndef y(): return 2 if a.x else 0\n"}, {"a.py": "def x(): return 3\n"}],
    pre="f0 = m.f",
    mid=["f1 = cur('m').f; parts = loader.current.parts"],
    new=["n.f() == (1, 3)", "parts == ('a', 'b', 'm') and loader.current.parts == ('a', 'm')"],
    old=["f0() == (1, 1)", "f1() == (1, 2)"],
)
C(
    "P36-errors-of-imports-are-those-of-python",
    "name, path and sentence of what a failing import raises, lazily and beyond the top",
    {
        "m.py": "import pkg.sub\ndef f(fn):\n    try: fn()\n    except ImportError as e: return type(e).__name__, e.name, (e.path or '').rpartition('/')[2]\n"
        "def one(): import pkg.nope\ndef two(): from pkg.sub import nope\ndef three(): import pkg.sub.deeper\ndef four(): import nope_xyz\ndef five(): from pkg import nope\ndef six(): pkg.sub.beyond()\ndef all(): return [f(x) for x in (one, two, three, four, five, six)]\n",
        "pkg/__init__.py": "", "pkg/sub.py": "def beyond(): from ... import x\n",
    },
    {"pkg/sub.py": "def beyond(): from ... import y\n"},
    pre="all0 = m.all; want = [('ModuleNotFoundError', 'pkg.nope', ''), ('ImportError', 'pkg.sub', 'sub.py'), ('ModuleNotFoundError', 'pkg.sub.deeper', ''), ('ModuleNotFoundError', 'nope_xyz', ''), ('ImportError', 'pkg', '__init__.py'), ('ImportError', None, '')]",
    new=["n.all() == want"],
    old=["all0() == want"],
)
C(
    "P37-configuration-that-names-classes",
    "logging.config.dictConfig and importlib by string, for a class of the module that is just being executed",
    {
        "m.py": "import logging, logging.config\nout = []\nclass H(logging.Handler):\n    def emit(self, r): out.append((r.getMessage(), tag()))\nclass F(logging.Filter):\n    def filter(self, r): return r.levelno > 10\ndef tag(): return 1\n"
        "logging.config.dictConfig({'version': 1, 'disable_existing_loggers': False, 'filters': {'f': {'()': 'm.F'}}, 'handlers': {'h': {'class': 'm.H', 'filters': ['f']}}, 'loggers': {'p37': {'handlers': ['h'], 'level': 'DEBUG', 'propagate': False}}})\ndef say(x): logging.getLogger('p37').info(x)\n",
    },
    {
        "m.py": "import logging, logging.config\nout = []\nclass H(logging.Handler):\n    def emit(self, r): out.append((r.getMessage(), tag()))\nclass F(logging.Filter):\n    def filter(self, r): return r.levelno > 10\ndef tag(): return 2\n"
        "logging.config.dictConfig({'version': 1, 'disable_existing_loggers': False, 'filters': {'f': {'()': 'm.F'}}, 'handlers': {'h': {'class': 'm.H', 'filters': ['f']}}, 'loggers': {'p37': {'handlers': ['h'], 'level': 'DEBUG', 'propagate': False}}})\ndef say(x): logging.getLogger('p37').info(x)\n",
    },
    pre="say0, out0 = m.say, m.out; say0('a')",
    new=["(n.say('b'), n.out)[1] == [('b', 2)]", "type(__import__('logging').getLogger('p37').handlers[0]) is n.H"],
    old=["out0 == [('a', 1)]"],
)

# --- Q. texts --------------------------------------------------------------------------------------------------------

C(
    "Q01-form-feeds-and-other-line-ends-within-lines",
    "only \\n ends a line for the compiler; what str.splitlines() takes for ends must not shift tracebacks",
    {"m.py": "\x0c\nX = '\x0c\x1c\x85\u2028'\n\x0c\ndef f():\n\traise ValueError  # ONE\n"},
    {"m.py": "\x0c\n\nX = '\x0c\x1c\x85\u2028'\n\x0c\ndef f():\n\traise ValueError  # TWO"},
    pre="""
        import inspect
        f0 = m.f
        def tb(f):
            try: f()
            except ValueError: return traceback.format_exc()
    """,
    new=["'# TWO' in tb(n.f)", "'# TWO' in inspect.getsource(n.f)"],
    old=["'# ONE' in tb(f0)", "'# ONE' in inspect.getsource(f0)"],
)
C(
    "Q02-asserts-and-debug-follow-the-interpreter",
    "under -O asserts, __debug__ blocks and (with -OO) docstrings are left out, here as everywhere",
    *before_after("""
        def f():
            'doc §'
            try: assert False, 'on'
            except AssertionError: return 'on', __debug__, §
            return 'off', __debug__, §
    """),
    pre="f0 = m.f; on = 'off' if sys.flags.optimize else 'on'",
    new=["n.f() == (on, not sys.flags.optimize, 2)", "bool(n.f.__doc__) == (sys.flags.optimize < 2)"],
    old=["f0() == (on, not sys.flags.optimize, 1)"],
)
C(
    "Q03-ten-thousand-lines",
    "a generated module: line numbers beyond 65535 and a function at the very end",
    {"m.py": "x = [\n" + "0,\n" * 70_000 + "]\ndef f():\n    raise KeyError('end 1')\n"},
    {"m.py": "x = [\n" + "0,\n" * 70_001 + "]\ndef f():\n    raise KeyError('end 2')\n"},
    pre="""
        f0 = m.f
        def at(f):
            try: f()
            except KeyError as e: return e.__traceback__.tb_next.tb_lineno, traceback.format_exc().count("raise KeyError('end")
    """,
    new=["at(n.f) == (70005, 1)"],
    old=["at(f0) == (70004, 1)"],
)
C(
    "Q04-identifiers-are-normalised",
    "NFKC: an import spelt with a ligature and fullwidth letters means the plain name",
    {"m.py": "import ﬁle_xyz\nfrom ｐｋｇ import ｓｕｂ\ndef f(): return file_xyz.k, sub.v\n", "file_xyz.py": "k = 1\n", "pkg/__init__.py": "", "pkg/sub.py": "v = 1\n"},
    {"file_xyz.py": "k = 2\n"},
    pre="f0 = m.f",
    new=["n.f() == (2, 1)"],
    old=["f0() == (1, 1)"],
)
C(
    "Q05-an-encoding-that-changes",
    "latin-1 with a cookie in its second line becomes UTF-8 with a byte order mark; old Macintosh line ends",
    {"m.py": b"#!/usr/bin/env python\n# vim: set fileencoding=latin-1 :\nX = '\xe4'\ndef f(): return X\n"},
    [{"m.py": "\ufeffX = 'ö'\r\ndef f(): return X\r\n".encode()}, {"m.py": b"X = 'u'\rdef f(): return X\r"}],
    pre="import inspect; f0 = m.f",
    mid=["f1 = cur('m').f"],
    new=["n.f() == 'u'", "inspect.getsource(n.f) == 'def f(): return X\\n'"],
    old=["f0() == 'ä' and f1() == 'ö'", "'return X' in inspect.getsource(f0)", "'return X' in inspect.getsource(f1)"],
)
C(
    "Q06-mark-and-cookie-that-disagree",
    "a byte order mark with a latin-1 cookie is a syntax error, as for Python",
    {"m.py": "X = 1\n"},
    {"m.py": "\ufeff# coding: latin-1\nX = 2\n".encode()},
    ok=False,
    new=["n.X == 1", "error.code == 'syntax-error'"],
)

# --- R. looking into code --------------------------------------------------------------------------------------------

C(
    "R01-inspect-of-both-generations",
    "signature, getmodule, source of methods, lambdas, decorated and nested functions, from outside",
    {"m.py": "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a): return f(*a)\n    return inner\n@deco\ndef f(a, b: 'int' = 1):\n    return 'ONE'\nclass C:\n    def meth(self, x): return 'METH1'\n    lam = lambda self: 'LAM1'\ndef outer():\n    def nested(): return 'NEST1'\n    return nested\n"},
    {"m.py": "import functools\n\n\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a): return f(*a)\n    return inner\n@deco\ndef f(a, c: 'str' = 2):\n    return 'TWO'\nclass C:\n    def meth(self, y): return 'METH2'\n    lam = lambda self: 'LAM2'\ndef outer():\n    def nested(): return 'NEST2'\n    return nested\n"},
    pre="import inspect; f0, C0, outer0 = m.f, m.C, m.outer; src = inspect.getsource; sig = inspect.signature",
    new=["str(sig(n.f)) == \"(a, c: 'str' = 2)\" and 'TWO' in src(n.f)", "'METH2' in src(n.C.meth) and 'LAM2' in src(n.C.lam) and 'NEST2' in src(n.outer())", "inspect.getmodule(n.f).f is n.f", "'METH2' in src(n.C)", "src(n).startswith('import functools')"],
    old=["str(sig(f0)) == \"(a, b: 'int' = 1)\" and 'ONE' in src(f0)", "'METH1' in src(C0.meth) and 'LAM1' in src(C0.lam) and 'NEST1' in src(outer0())", "inspect.getmodule(f0).__name__ == 'm'"],
)
C(
    "R01b-classes-and-modules-asked-about-from-outside",
    "inspect and typing go by module name; the class, or the module object, tells which generation is meant",
    {"m.py": "from __future__ import annotations\nimport b, dataclasses\nclass Unit: v = 1\nclass C:\n    'ONE'\n    a: Unit\n    def f(self): pass\n    class Inner:\n        'IN1'\n        def g(self): pass\n@dataclasses.dataclass\nclass D(b.Base):\n    'DATA1'\n    c: Unit\nclass Bare:\n    'BARE1'\n    e: Unit\n", "b.py": "from __future__ import annotations\nclass T: v = 1\nclass Base:\n    d: T\n    def h(self): pass\n"},
    {"m.py": "from __future__ import annotations\nimport b, dataclasses\n\n\nclass Unit: v = 2\nclass C:\n    'TWO'\n    a: Unit\n    def f(self): pass\n    class Inner:\n        'IN2'\n        def g(self): pass\n@dataclasses.dataclass\nclass D(b.Base):\n    'DATA2'\n    c: Unit\nclass Bare:\n    'BARE2'\n    e: Unit\n", "b.py": "from __future__ import annotations\nclass T: v = 2\nclass Base:\n    d: T\n    def h(self): pass\n"},
    pre="import inspect, typing; m0, C0, D0, src, hints = m, m.C, m.D, inspect.getsource, typing.get_type_hints",
    new=["'TWO' in src(n.C) and 'IN2' in src(n.C.Inner) and 'DATA2' in src(n.D) and 'BARE2' in src(n.Bare)", "'BARE2' in src(n) and 'BARE2' in src(sys.modules['m'])", "hints(n.C)['a'].v == 2 and hints(n.D)['c'].v == hints(n.D)['d'].v == 2 and hints(n.Bare)['e'].v == 2", "inspect.getfile(n.C) == inspect.getfile(n) == str(root / 'm.py')"],
    old=["'ONE' in src(C0) and 'IN1' in src(C0.Inner) and 'DATA1' in src(D0)", "'BARE1' in src(m0)", "hints(C0)['a'].v == 1 and hints(D0)['c'].v == hints(D0)['d'].v == 1", "inspect.getfile(C0) == inspect.getfile(m0) == str(root / 'm.py')", "inspect.getsourcelines(C0)[1] == 4"],
    note="a class without any function does not tell: asked about from outside, an old one is looked for in the new text",
)
C(
    "R02-who-called-me",
    "inspect.getmodule(frame), inspect.stack(), warnings and logging with a stack level name the caller",
    {
        "m.py": "import lib, inspect\ndef f(): return lib.caller(), lib.warn(), inspect.stack()[0].code_context[0].strip()[:12]\n",
        "lib.py": "import inspect, warnings\ndef caller(): return inspect.getmodule(inspect.stack()[1][0]).__name__, inspect.getmodule(inspect.currentframe().f_back).f.__name__\n"
        "def warn():\n    with warnings.catch_warnings(record=True) as seen:\n        warnings.simplefilter('always'); warnings.warn('w', stacklevel=2)\n        return seen[0].filename.rpartition('/')[2][:4], seen[0].lineno\n",
    },
    {"m.py": "import lib, inspect\n\ndef f(): return lib.caller(), lib.warn(), inspect.stack()[0].code_context[0].strip()[:12]\n"},
    pre="f0 = m.f",
    new=["n.f() == (('m', 'f'), ('m.py', 3), 'def f(): ret')"],
    old=["f0() == (('m', 'f'), ('m.py', 2), 'def f(): ret')"],
)
C(
    "R03-a-deprecated-module-warns-its-importer",
    "warn(stacklevel=2) at the top of a module points at the import statement, not into the loader",
    {"m.py": "import lib_xyz\nfrom pkg import sub\n", "lib_xyz.py": "import warnings, builtins\nwith warnings.catch_warnings(record=True) as seen:\n    warnings.simplefilter('always'); warnings.warn('use another', DeprecationWarning, stacklevel=2)\nAT = seen[0].filename.rpartition('/')[2][:4], seen[0].lineno\n", "pkg/__init__.py": "", "pkg/sub.py": "from lib_xyz import AT\nimport lib_xyz\n"},
    {"m.py": "\nfrom pkg import sub\nimport lib_xyz\n", "lib_xyz.py": "import warnings, logging\nwith warnings.catch_warnings(record=True) as seen:\n    warnings.simplefilter('always'); warnings.warn('use another', DeprecationWarning, stacklevel=2)\nAT = seen[0].filename.rpartition('/')[2][:6], seen[0].lineno\n"},
    pre="AT0 = m.lib_xyz.AT",
    new=["n.lib_xyz.AT == ('sub.py', 1)"],
    old=["AT0 == ('m.py', 1)"],
)
C(
    "R03b-modules-that-are-compared",
    "plugins are found by `inspect.getmodule(x) is module`, tests by `sys.modules[x.__module__] == module`",
    {
        "m.py": "import inspect, lib, sys\ndef f(): return [n for n, x in inspect.getmembers(lib, inspect.isclass) if inspect.getmodule(x) is lib]\n"
        "def g(): return sys.modules[lib.A.__module__] == lib, lib == sys.modules['lib'], lib != sys.modules['m'], inspect.getmodule(f).f is f\n",
        "lib.py": "from collections import OrderedDict\nclass A: pass\nclass B1: pass\n",
    },
    {"lib.py": "from collections import OrderedDict\nclass A: pass\nclass B2: pass\n"},
    pre="f0, g0 = m.f, m.g; import lib; assert lib == cur('lib') and len({lib, sys.modules['lib']}) == 1",
    new=["n.f() == ['A', 'B2'] and n.g() == (True,) * 4", "lib == cur('lib')"],
    old=["f0() == ['A', 'B1'] and g0() == (True,) * 4"],
)
C(
    "R03c-warnings-once-for-each-generation",
    "the registry of warnings is the module's: what old code was warned of, new code is warned of again",
    *before_after("import warnings\ndef f():\n    for _ in range(3): warnings.warn('careful')\nV = §\n"),
    pre="""
        import warnings
        f0, m0 = m.f, m
        def count(f):
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter('default')
                f(); f()
                return len(seen)
        first = count(f0)
    """,
    new=["count(n.f) == 1 and n.__warningregistry__ is not m0.__warningregistry__"],
    old=["first == count(f0) == 1"],
)
C(
    "R04-stepping-through-both",
    "sys.settrace and sys.setprofile see the right lines of each generation",
    *before_after("def f():\n    x = §\n    return x\n"),
    pre="""
        f0 = m.f
        import linecache
        def traced(f):
            seen = []
            def trace(frame, event, arg):
                if frame.f_code is f.__code__: seen.append(linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip())
                return trace
            sys.settrace(trace)
            try: f()
            finally: sys.settrace(None)
            return seen
    """,
    new=["traced(n.f) == ['def f():', 'x = 2', 'return x', 'return x']"],
    old=["traced(f0) == ['def f():', 'x = 1', 'return x', 'return x']"],
)
C(
    "R05-record-factories-and-file-names-of-logs",
    "a log record says m.py and its line, as for any module",
    *before_after("import logging\ndef f(): logging.getLogger('r05').warning('§')\n"),
    pre="""
        import logging
        seen = []
        class H(logging.Handler):
            def emit(self, r): seen.append((r.pathname, r.filename, r.module, r.funcName, r.lineno, r.getMessage()))
        logging.getLogger('r05').addHandler(H()); logging.getLogger('r05').propagate = False
        f0 = m.f
    """,
    new=["(n.f(), seen[-1])[1] == (str(root / 'm.py'), 'm.py', 'm', 'f', 2, '2')"],
    old=["(f0(), seen[-1])[1] == (str(root / 'm.py'), 'm.py', 'm', 'f', 2, '1')"],
)

# --- S. memory -------------------------------------------------------------------------------------------------------

KINDS = """
    import abc, asyncio, collections, contextvars, dataclasses, enum, functools, threading, typing, weakref
    import attrs, pydantic
    class Big: pass
    class E(enum.Enum): A = Big()
    @dataclasses.dataclass(slots=True)
    class D: x: "Big" = None
    @attrs.define
    class T: x: "Big" = None
    class P(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        x: typing.Optional[Big] = None
    N = typing.NamedTuple("N", [("x", Big)])
    V = typing.TypeVar("V")
    class G(typing.Generic[V]): pass
    @typing.runtime_checkable
    class R(typing.Protocol):
        def run(self) -> typing.Optional[Big]: ...
    class A(abc.ABC): pass
    A.register(Big)
    @functools.singledispatch
    def show(x): return 0
    @show.register
    def _(x: Big): return §
    @functools.cache
    def cached(x: typing.Union[Big, None]): return Big()
    VAR = contextvars.ContextVar("VAR")
    def use():
        contextvars.copy_context().run(VAR.set, Big())
        local = threading.local(); local.big = Big()
        async def co(): return await asyncio.sleep(0, Big())
        asyncio.run(co())
        return [show(Big()), cached(1), isinstance(Big(), (A, R)), G[Big](), typing.Optional[D], P(x=Big()), T(), D(), N(Big()), typing.get_type_hints(D), weakref.WeakSet([Big()])]
"""
C(
    "S01-types-of-every-kind-are-let-go",
    "caches of typing, abc, functools, attrs and pydantic keep no class of a generation that nobody holds",
    *before_after(KINDS),
    pre="m.use(); refs = [weakref.ref(getattr(m, k)) for k in 'Big E D T P N G R A use show cached'.split()]; del m",
    new=["n.use()[0] == 2", "(gc.collect(), gc.collect(), [r() for r in refs if r() is not None])[2] == []"],
)
C(
    "S02-weak-registries-of-a-kept-part",
    "what a kept part holds weakly goes with its generation",
    {"m.py": "import reg\nclass Job: pass\nJOB = Job()\nreg.jobs['a'] = JOB\nreg.seen.add(JOB)\n", "reg.py": "import weakref\njobs = weakref.WeakValueDictionary()\nseen = weakref.WeakSet()\n"},
    {"m.py": "import reg\nclass Job: v = 2\nJOB = Job()\nreg.jobs['b'] = JOB\nreg.seen.add(JOB)\n"},
    pre="reg = cur('reg'); assert list(reg.jobs) == ['a']; del m",
    new=["(gc.collect(), dict(reg.jobs))[1] == {'b': n.JOB}", "list(reg.seen) == [n.JOB]"],
)
C(
    "S03-an-exception-that-was-told-and-dropped",
    "after a traceback was formatted, logged and inspected, the generation goes",
    *before_after("import logging, traceback, inspect\nclass Big: pass\ndef f():\n    big = Big()\n    try: 1 / 0\n    except ZeroDivisionError as e:\n        logging.getLogger('s03').exception('x'); traceback.format_exc(); inspect.trace(); inspect.getsource(f)\n    return §\n"),
    pre="import logging; logging.getLogger('s03').addHandler(logging.NullHandler()); logging.getLogger('s03').propagate = False; m.f(); w = weakref.ref(m.Big); del m",
    new=["n.f() == 2", "(gc.collect(), w() is None)[1]"],
)
C(
    "S04-a-generator-that-nobody-finishes",
    "an abandoned generator, coroutine and task of old code are closed by the collector, in old code",
    *before_after("out = []\ndef note(): out.append(§)\ndef gen():\n    try: yield\n    finally: note()\nasync def co(ev):\n    try: await ev\n    finally: note()\nclass Big: pass\n"),
    pre="g = m.gen(); next(g); c = m.co(iter_ := __import__('asyncio').Future(loop=__import__('asyncio').new_event_loop())); c.send(None); out0, w = m.out, weakref.ref(m.Big); del m",
    new=["(globals().pop('g'), globals().pop('c').close(), gc.collect(), out0)[3] == [1, 1]", "(globals().pop('out0'), gc.collect(), w() is None)[2]"],
)

# --- T. data files ---------------------------------------------------------------------------------------------------

READ = """
    import importlib.resources as r, pkgutil, pkg
    def f():
        d = r.files(pkg) / 'd.txt'
        with r.as_file(d) as path, open(path) as file: real = file.read()
        return {d.read_text(), d.read_bytes().decode(), d.open().read(), pkgutil.get_data('pkg', 'd.txt').decode(), pkg.__loader__.get_data(str(root / 'pkg/d.txt')).decode(), real}
    def names(): return sorted(x.name for x in r.files('pkg').iterdir() if x.name.endswith('.txt'))
    import pathlib; root = pathlib.Path(__file__).parent
"""
C(
    "T01-package-data-of-both-generations",
    "importlib.resources, pkgutil and the loader read what belongs to the code that asks; an edit of data is a reload",
    {"m.py": READ, "pkg/__init__.py": "", "pkg/d.txt": "one"},
    [{"pkg/d.txt": "two"}, {"pkg/d.txt": "three", "pkg/e.txt": ""}],
    pre="f0, names0 = m.f, m.names",
    mid=["f1 = cur('m').f"],
    new=["n.f() == {'three'}", "n.names() == ['d.txt', 'e.txt']"],
    old=["f0() == {'one'} and f1() == {'two'}", "'d.txt' in names0()"],
)
C(
    "T02-package-data-that-is-gone",
    "old code reads for the first time what new code does without",
    {"m.py": READ, "pkg/__init__.py": "", "pkg/d.txt": "one"},
    {"m.py": "def f(): return 2\n", "pkg/d.txt": None, "pkg/__init__.py": None},
    pre="f0 = m.f",
    new=["n.f() == 2"],
    old=["f0() == {'one'}"],
)
C(
    "T03-data-in-folders-and-beside-a-module",
    "a table in a sub-folder, and a template beside a top-level module",
    {"m.py": "import importlib.resources as r, pkgutil, pkg\ndef f(): return (r.files('pkg') / 'sql' / 'q.sql').read_text(), r.files('pkg').joinpath('sql/q.sql').read_text(), pkgutil.get_data(__name__, 't.html')\n", "pkg/__init__.py": "", "pkg/sql/q.sql": "one", "t.html": "one"},
    [{"pkg/sql/q.sql": "two"}, {"t.html": "three"}],
    pre="f0 = m.f",
    mid=["f1 = cur('m').f"],
    new=["n.f() == ('two', 'two', b'three')"],
    old=["f0() == ('one', 'one', b'one')", "f1() == ('two', 'two', b'one')"],
)
C(
    "T04-a-bundle-brings-everything-back",
    "what was packed is loaded again under its digest, whatever became of the disk: data, lazy parts, odd paths",
    {"m.py": "import importlib.resources as r, pkg\nfrom pkg import extra\ndef f():\n    import late\n    return extra.v, late.v, (r.files(pkg) / 'd.txt').read_text()\ntry: import gone_xyz\nexcept ImportError: pass\n", "pkg/__init__.py": "__path__ += [__path__[0] + '/vendored']\nDIR = 'vendored'\n", "pkg/vendored/extra.py": "v = 1\n", "pkg/d.txt": "1", "late.py": "v = 1\n", "gone_xyz.py": ""},
    [{"pkg/vendored/extra.py": "v = 2\n", "pkg/d.txt": "2", "late.py": "v = 2\n"}, {"m.py": "def f(): return 3\n", "pkg/vendored/extra.py": None, "pkg/d.txt": None, "late.py": None, "gone_xyz.py": None}],
    pre="g1 = loader.current; b1, f0 = loader.bundle(g1), m.f",
    mid=["b2 = loader.bundle(loader.current); f1 = cur('m').f"],
    new=["n.f() == 3", "[loader.promote(loader.restore(b)).module('m').f() for b in (b1, b2)] == [(1, 1, '1'), (2, 2, '2')]", "loader.bundle(loader.current).digest == b2.digest"],
    old=["f0() == (1, 1, '1') and f1() == (2, 2, '2')"],
)
