"""The kinds of items: each a template. ``$id``, ``$number``; ``$total`` adds up what BODY computed from ``n``."""

from __future__ import annotations

from dataclasses import dataclass

from tests.oracle.program import BASE, CONTEXT, DECORATOR, RAISER, TYPE, VALUE


@dataclass(frozen=True, slots=True)
class Kind:
    """What an item of this kind is like."""

    text: str
    offers: frozenset[str] = frozenset({VALUE})
    """As what others may use it."""
    wants: tuple[str, ...] = ()
    """As what it uses one other, where there is one."""
    needs: bool = False
    """Whether it is nothing without that."""
    at_import: bool = False
    """Whether it uses what it refers to while the module is imported, so that a half-done module will not do."""


FUNCTION = """
def v_$id(n=0):
    BODY
    return $total
"""
PROBED = """
_probes.append(("$id", lambda: lambda n: [v_$id(n), _names(v_$id)]))
"""
PROBE = """
_probes.append(("$id", _p_$id))
"""
CLASS_LIKE = frozenset({VALUE, BASE, TYPE})
SAME = """
def v_$id(n=0):
    return C_$id().val(n)
"""
INSTANCE = """
def _p_$id():
    one = C_$id()
    bound = one.val
    def look(n):
        back = pickle.loads(pickle.dumps(one))
        return [
            bound(n), back.val(n), copy.deepcopy(one).val(n), isinstance(back, C_$id), type(back) is type(one),
            [cls.__name__ for cls in C_$id.__mro__], [cls.__module__ for cls in C_$id.__mro__], C_$id.__qualname__,
            sorted(vars(one)), issubclass(C_$id, C_$id.__mro__[1]),
        ]
    return look
"""

KINDS = {
    "function": Kind(FUNCTION + PROBED),
    "source": Kind(
        FUNCTION
        + """
def _p_$id():
    return lambda n: [v_$id(n), inspect.getsource(v_$id), v_$id.__code__.co_firstlineno]
"""
        + PROBE
    ),
    "lookup": Kind(
        FUNCTION
        + """
def _p_$id():
    own = importlib.import_module(__name__)
    return lambda n: [v_$id(n), own is importlib.import_module(__name__), own.v_$id is v_$id, own.__dict__ is globals()]
"""
        + PROBE
    ),
    "constant": Kind(
        """
n = 0
BODY
K_$id = $total
def v_$id(n=0):
    return K_$id
"""
        + PROBED,
        at_import=True,
    ),
    "cached": Kind("@functools.cache" + FUNCTION + PROBED, at_import=True),
    "reexport": Kind("v_$id = $direct" + PROBED, at_import=True),
    "getattr": Kind(FUNCTION + "\nreturn v_$id"),
    "counter": Kind(
        """
COUNT_$id = itertools.count()
def v_$id(n=0):
    before, after = next(COUNT_$id), next(COUNT_$id)
    BODY
    return _sum($total, after - before)
"""
        + PROBED
    ),
    "class": Kind(
        """
class C_$id($base):
    own_$id = $number
    @property
    def number_$id(self):
        return self.own_$id
    @classmethod
    def made_$id(cls):
        return cls()
    def val(self, n=0):
        BODY
        self.__dict__.setdefault("log_$id", []).append(n)
        return _sum(self.number_$id$more$super)
"""
        + SAME
        + INSTANCE
        + PROBE,
        CLASS_LIKE,
        (BASE,),
    ),
    "dataclass": Kind(
        """
@dataclasses.dataclass
class C_$id($base):
    a_$id: int = $number
    b_$id: "C_$id | None" = None
    def val(self, n=0):
        BODY
        return _sum(self.a_$id$more$super)
"""
        + SAME
        + INSTANCE
        + """
def _q_$id():
    one = C_$id()
    def look(n):
        changed = dataclasses.replace(one, a_$id=n, b_$id=C_$id())
        hints = typing.get_type_hints(C_$id)
        return [repr(one), one == C_$id(), changed.b_$id == one, sorted(hints), hints["b_$id"] == (C_$id | None)]
    return look
_probes.append(("$id data", _q_$id))
"""
        + PROBE,
        CLASS_LIKE,
        (BASE,),
    ),
    "typed": Kind(
        """
@dataclasses.dataclass
class C_$id:
    a_$id: "$type | None" = None
    def val(self, n=0):
        BODY
        return $total
"""
        + SAME
        + """
def _p_$id():
    return lambda n: [repr(C_$id()), typing.get_type_hints(C_$id)["a_$id"] == ($type | None), C_$id().val(n)]
"""
        + PROBE,
        CLASS_LIKE,
        (TYPE,),
        needs=True,
    ),
    "enum": Kind(
        """
class C_$id(enum.Enum):
    ONE = $number
    TWO = -1
    def val(self, n=0):
        BODY
        return _sum(self.value$more)
def v_$id(n=0):
    return C_$id.ONE.val(n)
def _p_$id():
    one = C_$id.ONE
    return lambda n: [
        C_$id($number) is one, pickle.loads(pickle.dumps(one)) is one, copy.deepcopy(one) is one, str(one), repr(one),
        one in C_$id, one.val(n), [member.name for member in C_$id],
    ]
"""
        + PROBE,
        frozenset({VALUE, TYPE}),
    ),
    "metaclass": Kind(
        """
class M_$id(type):
    def __new__(mcls, name, bases, space, **more):
        cls = super().__new__(mcls, name, bases, space, **more)
        cls.made_$id = $number + len(name)
        return cls
class C_$id(metaclass=M_$id):
    def val(self, n=0):
        BODY
        return _sum(self.made_$id$more)
"""
        + SAME
        + INSTANCE
        + PROBE,
        CLASS_LIKE,
    ),
    "subclassed": Kind(
        """
class C_$id:
    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        cls.sub_$id = $number + len(cls.__name__)
    def val(self, n=0):
        BODY
        return _sum(getattr(self, "sub_$id", 0)$more)
"""
        + SAME
        + INSTANCE
        + PROBE,
        CLASS_LIKE,
    ),
    "closure": Kind(
        """
def make_$id(count):
    def inner(n=0):
        nonlocal count
        BODY
        count += 1
        return _sum(count$more)
    return inner
def v_$id(n=0):
    return make_$id($number)(n)
def _p_$id():
    return make_$id($number)
"""
        + PROBE
    ),
    "generator": Kind(
        """
def g_$id():
    n = yield 0
    while True:
        BODY
        n = yield $total
def v_$id(n=0):
    it = g_$id()
    next(it)
    return it.send(n)
def _p_$id():
    it = g_$id()
    next(it)
    return it.send
"""
        + PROBE
    ),
    "coroutine": Kind(
        """
class W_$id:
    def __init__(self, out):
        self.out = out
    def __await__(self):
        return (yield self.out)
async def co_$id():
    n = await W_$id(0)
    while True:
        BODY
        n = await W_$id($total)
def _p_$id():
    it = co_$id()
    it.send(None)
    return it.send
def v_$id(n=0):
    return _p_$id()(n)
"""
        + PROBE
    ),
    "context": Kind(
        """
@contextlib.contextmanager
def cm_$id(out):
    n = 1
    BODY
    out.append($total)
    try:
        yield out
    finally:
        n = 3
        BODY
        out.append($total)
def v_$id(n=0):
    out = []
    with cm_$id(out):
        pass
    return _sum(*out)
def _p_$id():
    out = []
    manager = cm_$id(out)
    manager.__enter__()
    def look(n):
        if n == 3:
            manager.__exit__(None, None, None)
        return list(out)
    return look
"""
        + PROBE,
        frozenset({VALUE, CONTEXT}),
    ),
    "with": Kind(
        """
def v_$id(n=0):
    out = []
    BODY
    with $context(out):
        out.append($total)
    return _sum(*out)
"""
        + PROBED,
        wants=(CONTEXT,),
        needs=True,
    ),
    "decorator": Kind(
        """
def d_$id(fn):
    @functools.wraps(fn)
    def wrapper(n=0):
        BODY
        return _sum($total, fn(n))
    return wrapper
@d_$id
def v_$id(n=0):
    return 1
"""
        + PROBED,
        frozenset({VALUE, DECORATOR}),
    ),
    "decorated": Kind(
        "@$decorator"
        + FUNCTION
        + "def _p_$id():\n    return lambda n: [v_$id(n), v_$id.__wrapped__(n), _names(v_$id)]"
        + PROBE,
        wants=(DECORATOR,),
        needs=True,
    ),
    "raiser": Kind(
        """
def boom_$id(n):
    BODY
    raise ValueError($number)
def v_$id(n=0):
    try:
        boom_$id(n)
    except ValueError as error:
        return error.args[0]
def _p_$id():
    def look(n):
        try:
            boom_$id(n)
        except ValueError:
            return traceback.format_exc()
    return look
"""
        + PROBE,
        frozenset({VALUE, RAISER}),
    ),
    "passing": Kind(
        """
def v_$id(n=0):
    BODY
    try:
        return $raiser(n)
    except ValueError as error:
        return _sum($total, error.args[0])
def _p_$id():
    def look(n):
        try:
            BODY
            $raiser(n)
        except ValueError:
            return traceback.format_exc()
    return look
"""
        + PROBE,
        wants=(RAISER,),
        needs=True,
    ),
    "worker": Kind(
        FUNCTION
        + """
def work_$id(inbox, outbox):
    for n in iter(inbox.get, None):
        try:
            outbox.put(v_$id(n))
        except BaseException as error:
            outbox.put(type(error).__name__)
def _p_$id():
    inbox, outbox = queue.SimpleQueue(), queue.SimpleQueue()
    threading.Thread(target=work_$id, args=(inbox, outbox), daemon=True).start()
    def look(n):
        inbox.put(n)
        return outbox.get(timeout=20)
    return look
"""
        + PROBE
    ),
    "pool": Kind(
        FUNCTION
        + """
class C_$id:
    pass
def _p_$id():
    pool = ThreadPoolExecutor(1)
    data = pool.submit(pickle.dumps, C_$id()).result(20)
    return lambda n: [pool.submit(v_$id, n).result(20), type(pool.submit(pickle.loads, data).result(20)) is C_$id]
"""
        + PROBE
    ),
    "asyncio": Kind(
        FUNCTION
        + """
class C_$id:
    pass
async def main_$id(n):
    data = await asyncio.to_thread(pickle.dumps, C_$id())
    return [await asyncio.to_thread(v_$id, n), type(pickle.loads(data)) is C_$id]
def _p_$id():
    return lambda n: asyncio.run(main_$id(n)) if n in (1, 4) else None
"""
        + PROBE
    ),
    "dispatch": Kind(
        FUNCTION
        + """
@functools.singledispatch
def told_$id(one):
    return "anything"
@told_$id.register
def _told_$id(one: $type):
    return "that"
def _p_$id():
    return lambda n: [v_$id(n), [told_$id.dispatch($type) is _told_$id, told_$id(1)]]
"""
        + PROBE,
        wants=(TYPE,),
        needs=True,
    ),
    "abstract": Kind(
        """
class C_$id(abc.ABC):
    @abc.abstractmethod
    def need_$id(self):
        pass
    def val(self, n=0):
        BODY
        return $total
@C_$id.register
class Like_$id:
    need_$id = None
class Own_$id(C_$id):
    def need_$id(self):
        return super().need_$id()
def v_$id(n=0):
    return Own_$id().val(n)
def _p_$id():
    return lambda n: [
        v_$id(n), issubclass(Like_$id, C_$id), isinstance(Own_$id(), C_$id), sorted(C_$id.__abstractmethods__),
    ]
"""
        + PROBE,
        frozenset({VALUE, TYPE}),
    ),
    "namedtuple": Kind(
        """
class C_$id(typing.NamedTuple):
    a_$id: int = $number
    def val(self, n=0):
        BODY
        return _sum(self.a_$id$more)
"""
        + SAME
        + """
def _p_$id():
    one = C_$id()
    return lambda n: [
        repr(one), pickle.loads(pickle.dumps(one)) == one, type(one._replace(a_$id=n)) is C_$id, one.val(n),
    ]
"""
        + PROBE,
        frozenset({VALUE, TYPE}),
    ),
    "reclassed": Kind(
        """
class Own_$id(types.ModuleType):
    @property
    def far_$id(self):
        return $number
sys.modules[__name__].__class__ = Own_$id
def v_$id(n=0):
    BODY
    return _sum(sys.modules[__name__].far_$id$more)
"""
        + PROBED
    ),
    "finalizer": Kind(
        FUNCTION
        + """
class F_$id:
    def __init__(self, out):
        self.out = out
    def __del__(self):
        n = 2
        BODY
        self.out.append($total)
def _p_$id():
    out = []
    held = [F_$id(out)]
    def look(n):
        if n == 2:
            held.clear()
        return list(out)
    return look
"""
        + PROBE
    ),
}
