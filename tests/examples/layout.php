<?php
/* Prints where stkgate.php has the members of its structs, as layout.c does of stkgate.h. */
require $argv[1] . '/stkgate.php';

$lib = FFI::cdef(Stkgate\HEADER, 'libstkgate.so.0');
foreach (['text', 'options', 'request', 'verdict'] as $name) {
    $type = $lib->type("struct stkgate_$name");
    echo "$name ", FFI::sizeof($type), "\n";
    foreach ($type->getStructFieldNames() as $member) {
        echo "$name.$member ", $type->getStructFieldOffset($member), "\n";
    }
}
