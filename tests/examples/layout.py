"""Prints where stkgate.py has the members of its structs, as layout.c does of stkgate.h."""
import ctypes
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import stkgate  # noqa: E402

for name in ("text", "options", "request", "verdict"):
    struct = getattr(stkgate, "_" + name.capitalize())
    print(name, ctypes.sizeof(struct))
    for member, *_ in struct._fields_:
        print(f"{name}.{member} {getattr(struct, member).offset}")
