<?php
/* A page of a shop's API, behind stkgate. */
declare(strict_types=1);

require __DIR__ . '/stkgate.php';

// Whatever goes wrong on the way, the call does not pass.
set_exception_handler(function (Throwable $failure): void {
    error_log($failure->getMessage());
    http_response_code(503);
});

$verdict = (new Stkgate\Gate('storefront'))->check($_SERVER, 'cart:write');
if ($verdict->failure !== 0) {
    error_log("stkgate: the call could not be checked: errno $verdict->failure");
}
$verdict->send();
if ($verdict->status !== 200) {
    exit;
}
header('Content-Type: text/plain');
echo "cart of $verdict->site\n";
