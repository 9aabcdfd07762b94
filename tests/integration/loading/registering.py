"""Modules that register something outside, each with the phrase for it; all of it can be taken away again."""

from __future__ import annotations

UNDOABLE = {
    "a function at exit": (
        "import atexit\n@atexit.register\ndef bye(): pass\n",
        "atexit function 'bye'",
    ),
    "a method at exit": (
        "import atexit\nclass C:\n    def end(self): pass\natexit.register(C().end)\n",
        r"atexit method 'C\.end'",
    ),
    "a library's function at exit": (
        "import atexit\natexit.register(len, 'x')\n",
        "atexit function 'len'",
    ),
    "a handler of its own": (
        "import logging\nclass H(logging.Handler): pass\nlogging.getLogger('hot.test').addHandler(H())\n",
        r"logging handler 'H' on logger 'hot\.test'",
    ),
    "a handler of the library": (
        "import logging\nlogging.getLogger('hot.test').addHandler(logging.StreamHandler())\n",
        r"logging handler 'StreamHandler' on logger 'hot\.test'",
    ),
    "a handler by configuration": (
        "import logging.config\nlogging.config.dictConfig({'version': 1, 'incremental': False,"
        " 'disable_existing_loggers': False,"
        " 'handlers': {'h': {'class': 'logging.NullHandler'}}, 'loggers': {'hot.test': {'handlers': ['h']}}})\n",
        r"logging handler 'NullHandler' on logger 'hot\.test'",
    ),
    "a filter on a logger": (
        "import logging\nclass AuditFilter:\n    def filter(self, record): return True\n"
        "logging.getLogger().addFilter(AuditFilter())\n",
        "logging filter 'AuditFilter' on logger 'root'",
    ),
    "a filter that is a function": (
        "import logging\nlogging.getLogger().addFilter(lambda record: True)\n",
        "logging filter '<lambda>' on logger 'root'",
    ),
    "a filter of the library": (
        "import logging\nlogging.getLogger().addFilter(logging.Filter('hot'))\n",
        "logging filter 'Filter' on logger 'root'",
    ),
    "a filter on somebody's handler": (
        "import logging\ndef keep(record): return True\nfor h in logging.getLogger('hot.theirs').handlers:\n"
        "    h.addFilter(keep)\n",
        r"logging filter 'keep' on handler 'NullHandler' of logger 'hot\.theirs'",
    ),
    "a finder": (
        "import sys\nclass Finder:\n    @staticmethod\n    def find_spec(*args): return None\n"
        "sys.meta_path.append(Finder)\n",
        r"class 'Finder' in sys\.meta_path",
    ),
    "a path hook": (
        "import sys\ndef hook(path): raise ImportError\nsys.path_hooks.append(hook)\n",
        r"function 'hook' in sys\.path_hooks",
    ),
    "a callback of the collector": (
        "import gc\ndef collected(phase, info): pass\ngc.callbacks.append(collected)\n",
        r"function 'collected' in gc\.callbacks",
    ),
    "a finalizer": (
        "import threading, weakref\ndef ended(): 1/0\nweakref.finalize(threading.main_thread(), ended)\n",
        r"weakref\.finalize of 'ended'",
    ),
    "a way to pickle": (
        "import copyreg\nclass C: pass\ncopyreg.pickle(C, lambda c: (C, ()))\n",
        "copyreg for class 'C'",
    ),
    "a codec": (
        "import codecs\ndef search(name): return None\ncodecs.register(search)\n",
        "codecs function 'search'",
    ),
    "a warnings filter": (
        "import warnings\nclass Mine(Warning): pass\nwarnings.simplefilter('ignore', Mine)\n",
        "warnings filter for class 'Mine'",
    ),
    "a fake module": (
        "import sys\nclass Fake: pass\nsys.modules['hot_fake'] = Fake()\n",
        r"sys\.modules\['hot_fake'\], an object of class 'Fake'",
    ),
    "a hook for exceptions": (
        "import sys\ndef hook(*args): pass\nsys.excepthook = hook\n",
        r"sys\.excepthook, function 'hook'",
    ),
    "a hook for exceptions of threads": (
        "import threading\ndef hook(args): pass\nthreading.excepthook = hook\n",
        r"threading\.excepthook, function 'hook'",
    ),
    "a stream": (
        "import sys\nclass Tee:\n    def write(self, text): pass\n    def flush(self): pass\nsys.stdout = Tee()\n",
        r"sys\.stdout, an object of class 'Tee'",
    ),
    "a signal handler": (
        "import signal\ndef on_usr1(*args): pass\nsignal.signal(signal.SIGUSR1, on_usr1)\n",
        "signal handler for SIGUSR1, function 'on_usr1'",
    ),
    "a timer": (
        "import threading\ndef tick(): pass\nt = threading.Timer(1000, tick)\nt.name = 'ticker'\nt.start()\n",
        "timer 'ticker' for function 'tick'",
    ),
    "a timer for a library": (
        "import threading\nt = threading.Timer(1000, len, ('x',))\nt.name = 'ticker'\nt.start()\n",
        "timer 'ticker' for function 'len'",
    ),
}
