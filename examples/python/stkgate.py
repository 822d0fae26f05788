"""Ask the local stkgate daemon whether a call may pass, through libstkgate.so.0.

    gate = stkgate.Gate("storefront")              # once per program; any number of threads may use it
    needed = gate.scopes("cart:write")
    verdict = gate.check(token=..., site=..., origin=..., scopes=needed)
    if verdict.status != 200:
        ...answer with verdict.status, verdict.headers and verdict.problem...

A call that could not be checked raises Unavailable, which has a verdict, too: a 503.
"""

import ctypes
import os
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_int, c_int64
from ctypes import c_size_t, c_uint32, c_uint64, c_void_p, sizeof

PEEK = 1
KINDS = ("none", "live", "test", "legacy")


# ---- the structs of stkgate.h, member for member -----------------------------------------------

class _Text(Structure):
    _fields_ = [("data", c_char_p), ("length", c_size_t)]


class _Options(Structure):
    _fields_ = [("size", c_size_t), ("runtime", c_char_p), ("deadline_ms", c_uint32)]


class _Request(Structure):
    _fields_ = [("size", c_size_t)] + \
        [(name, _Text) for name in ("token", "authorization", "api_key", "site", "origin")] + \
        [("scopes", c_uint64), ("cost", c_uint64), ("flags", c_uint32)]


class _Verdict(Structure):
    _fields_ = [("size", c_size_t)] + \
        [(name, c_uint32) for name in ("status", "reason", "kind", "flags")] + \
        [(name, c_uint64) for name in ("scopes", "needed", "limit", "window_ns", "burst", "remaining",
                                       "reset_ns", "retry_after_ns", "next_ns")] + \
        [("deprecation", c_int64), ("sunset", c_int64),
         ("key_id", c_char * 21), ("site", c_char * 65), ("link", c_char * 256)]


_HEADER_FN = CFUNCTYPE(c_int, c_char_p, c_char_p, c_void_p)
_SCOPES_MAX = 2112
_PROBLEM_MAX = 1024


def _load():
    library = ctypes.CDLL("libstkgate.so.0")
    for name, result, arguments in (
            ("open", c_int, [POINTER(c_void_p), c_char_p, POINTER(_Options)]),
            ("close", c_void_p, [c_void_p]),
            ("scope", c_int, [c_void_p, c_char_p, POINTER(c_uint64)]),
            ("scope_names", c_int, [c_void_p, c_uint64, c_char_p, c_size_t, POINTER(c_size_t)]),
            ("check", c_int, [c_void_p, POINTER(_Request), POINTER(_Verdict)]),
            ("verdict_headers", c_int, [c_void_p, POINTER(_Verdict), _HEADER_FN, c_void_p]),
            ("verdict_problem", c_int,
             [c_void_p, POINTER(_Verdict), c_char_p, c_size_t, POINTER(c_size_t)]),
            ("reason_string", c_char_p, [c_uint32])):
        function = getattr(library, "stkgate_" + name)
        function.restype, function.argtypes = result, arguments
    return library


_library = _load()


# ---- what programs use -------------------------------------------------------------------------

class Error(Exception):
    """A call of the library failed. errno says how."""

    def __init__(self, what, number):
        super().__init__(f"stkgate: {what}: {os.strerror(-number)}")
        self.errno = -number


class Unavailable(Error):
    """No verdict could be had: refuse the call, with this one."""

    def __init__(self, number, verdict):
        super().__init__("the call could not be checked", number)
        self.verdict = verdict


class Verdict:
    """May the call pass? Only if status is 200.

    headers and problem are for the remote caller, all else is for this program and its logs alone.
    """

    def __init__(self, gate, raw):
        self.status = raw.status
        self.reason = _library.stkgate_reason_string(raw.reason).decode()
        self.kind = KINDS[raw.kind] if raw.kind < len(KINDS) else "unknown"
        self.key_id = raw.key_id.decode()
        self.site = raw.site.decode()
        self.limit, self.remaining = raw.limit, raw.remaining
        self.retry_after = raw.retry_after_ns / 1e9
        self.scopes = gate._scope_names(raw.scopes)
        self.headers = gate._headers(raw)
        self.problem = gate._problem(raw)


def _text(value):
    """As the server has it: WSGI's strings hold bytes as Latin-1 does."""
    data = value.encode("latin-1") if isinstance(value, str) else (value or b"")
    return _Text(data, len(data))


class Gate:
    """The connections of this program to the daemon, as one service. No check takes longer than the deadline."""

    def __init__(self, service, runtime=None, deadline_ms=1000):
        self._handle = c_void_p()
        options = _Options(sizeof(_Options), os.fsencode(runtime) if runtime else None, deadline_ms)
        self._must(_library.stkgate_open(byref(self._handle), service.encode(), byref(options)),
                   "open")

    def close(self):
        self._handle = c_void_p(_library.stkgate_close(self._handle))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def scopes(self, names):
        """The bits of "cart:write catalog:read", for check(). A name that is not registered is an Error."""
        mask = c_uint64()
        self._must(_library.stkgate_scope(self._open(), names.encode(), byref(mask)), names)
        return mask.value

    def check(self, *, token=None, authorization=None, api_key=None, site=None, origin=None,
              scopes=0, cost=0, peek=False):
        """The verdict about one call, of the values of its header fields."""
        request = _Request(sizeof(_Request), _text(token), _text(authorization), _text(api_key),
                           _text(site), _text(origin), scopes, cost, PEEK if peek else 0)
        raw = _Verdict(size=sizeof(_Verdict), status=503, reason=13)
        result = _library.stkgate_check(self._open(), byref(request), byref(raw))
        verdict = Verdict(self, raw)
        if result < 0:
            raise Unavailable(result, verdict)
        return verdict

    @staticmethod
    def _must(result, what):
        if result < 0:
            raise Error(what, result)

    def _open(self):
        if not self._handle:
            raise ValueError("stkgate: the gate is closed")
        return self._handle

    def _headers(self, raw):
        found = []

        def add(name, value, _):
            found.append((name.decode("latin-1"), value.decode("latin-1")))
            return 0
        self._must(_library.stkgate_verdict_headers(self._handle, byref(raw), _HEADER_FN(add), None),
                   "headers")
        return found

    def _filled(self, function, argument, capacity):
        buffer, length = ctypes.create_string_buffer(capacity), c_size_t()
        self._must(function(self._handle, argument, buffer, capacity, byref(length)), "text")
        return buffer.raw[:length.value]

    def _problem(self, raw):
        return self._filled(_library.stkgate_verdict_problem, byref(raw), _PROBLEM_MAX)

    def _scope_names(self, mask):
        return self._filled(_library.stkgate_scope_names, mask, _SCOPES_MAX).decode()
