<?php
/*
 * Ask the local stkgate daemon whether a call may pass, through libstkgate.so.0 and PHP's FFI.
 *
 *     $gate = new Stkgate\Gate('storefront');
 *     $verdict = $gate->check($_SERVER, 'cart:write');
 *     if ($verdict->status !== 200) {
 *         $verdict->send();
 *         exit;
 *     }
 *
 * Throws Stkgate\Error where the library says that something is wrong with the program. A call that
 * could not be checked is a refusal like another one: a 503, with the reason in $verdict->failure.
 */
declare(strict_types=1);

namespace Stkgate;

/* What of stkgate.h is used here. FFI takes "char a[2], b[3]" for something else: an array has a line of
 * its own. */
const HEADER = <<<'C'
typedef struct stkgate stkgate;
struct stkgate_text { const char *data; size_t length; };
struct stkgate_options { size_t size; const char *runtime; uint32_t deadline_ms; };
struct stkgate_request {
    size_t size;
    struct stkgate_text token, authorization, api_key, site, origin;
    uint64_t scopes, cost;
    uint32_t flags;
};
struct stkgate_verdict {
    size_t size;
    uint32_t status, reason, kind, flags;
    uint64_t scopes, needed, limit, window_ns, burst, remaining, reset_ns, retry_after_ns, next_ns;
    int64_t deprecation, sunset;
    char key_id[21];
    char site[65];
    char link[256];
};
typedef int (*stkgate_header_fn)(const char *name, const char *value, void *userdata);
int stkgate_open(stkgate **ret, const char *service, const struct stkgate_options *options);
stkgate *stkgate_close(stkgate *gate);
int stkgate_scope(stkgate *gate, const char *names, uint64_t *ret_mask);
int stkgate_scope_names(stkgate *gate, uint64_t mask, char *buffer, size_t capacity, size_t *ret_length);
int stkgate_check(stkgate *gate, const struct stkgate_request *request, struct stkgate_verdict *verdict);
int stkgate_verdict_headers(stkgate *gate, const struct stkgate_verdict *verdict, stkgate_header_fn fn,
                            void *userdata);
int stkgate_verdict_problem(stkgate *gate, const struct stkgate_verdict *verdict, char *buffer,
                            size_t capacity, size_t *ret_length);
const char *stkgate_reason_string(uint32_t reason);
C;

final class Error extends \RuntimeException
{
}

/* May the call pass? Only if status is 200. headers and problem are for the remote caller, all else is
 * for this program and its logs alone. */
final class Verdict
{
    public int $status = 503;
    public string $reason = 'unavailable';
    public string $keyId = '';
    public string $site = '';
    public string $scopes = '';
    public int $remaining = 0;
    /** @var array<string, string> */
    public array $headers = [];
    public string $problem = '';
    /** errno of a call that could not be checked */
    public int $failure = 0;

    /* The fields that the answer carries, of a call that may pass, too; and the body of a refusal. */
    public function send(): void
    {
        foreach ($this->headers as $name => $value) {
            header("$name: $value");
        }
        // After the fields: PHP makes a 401 of whatever has a WWW-Authenticate.
        http_response_code($this->status);
        if ($this->status !== 200) {
            header('Content-Type: application/problem+json');
            echo $this->problem;
        }
    }
}

final class Gate
{
    private \FFI $lib;
    private ?\FFI\CData $handle;

    /* No check takes longer than the deadline. */
    public function __construct(string $service, int $deadlineMs = 1000)
    {
        $this->lib = \FFI::cdef(HEADER, 'libstkgate.so.0');
        $options = $this->lib->new('struct stkgate_options');
        $options->size = \FFI::sizeof($options);
        $options->deadline_ms = $deadlineMs;
        $ret = $this->lib->new('stkgate *');
        $this->must($this->lib->stkgate_open(\FFI::addr($ret), $service, \FFI::addr($options)), 'open');
        $this->handle = $ret;
    }

    public function __destruct()
    {
        if (isset($this->handle)) {
            $this->lib->stkgate_close($this->handle);
        }
    }

    /* The verdict about the call that $server (as $_SERVER) describes, when it needs these scopes. */
    public function check(array $server, string $scopes = '', int $cost = 0): Verdict
    {
        $mask = $this->lib->new('uint64_t');
        if ($scopes !== '') {
            $this->must($this->lib->stkgate_scope($this->handle, $scopes, \FFI::addr($mask)), $scopes);
        }
        $request = $this->lib->new('struct stkgate_request');
        $request->size = \FFI::sizeof($request);
        $kept = [];
        foreach (['token' => 'HTTP_X_STELLA_TOKEN', 'authorization' => 'HTTP_AUTHORIZATION',
            'api_key' => 'HTTP_X_API_KEY', 'site' => 'HTTP_X_SITE_ID', 'origin' => 'HTTP_ORIGIN'] as $field => $name) {
            $kept[] = $this->text($request->$field, (string) ($server[$name] ?? ''));
        }
        $request->scopes = $mask->cdata;
        $request->cost = $cost;

        $raw = $this->lib->new('struct stkgate_verdict');
        $raw->size = \FFI::sizeof($raw);
        $raw->status = 503;
        $raw->reason = 13;
        $result = $this->lib->stkgate_check($this->handle, \FFI::addr($request), \FFI::addr($raw));
        return $this->verdict($raw, $result);
    }

    /* Lets the field point to a copy of the value, which must live as long as it. */
    private function text(\FFI\CData $field, string $value): ?\FFI\CData
    {
        $length = strlen($value);
        if ($length === 0) {
            return null;
        }
        $copy = $this->lib->new("char[$length]");
        \FFI::memcpy($copy, $value, $length);
        $field->data = $this->lib->cast('const char *', \FFI::addr($copy));
        $field->length = $length;
        return $copy;
    }

    private function verdict(\FFI\CData $raw, int $result): Verdict
    {
        $verdict = new Verdict();
        $verdict->failure = $result < 0 ? -$result : 0;
        $verdict->reason = $this->lib->stkgate_reason_string($raw->reason);
        $verdict->keyId = \FFI::string($raw->key_id);
        $verdict->site = \FFI::string($raw->site);
        $verdict->remaining = $raw->remaining;
        $verdict->scopes = $this->filled('stkgate_scope_names', $raw->scopes, 2112);
        $verdict->problem = $this->filled('stkgate_verdict_problem', \FFI::addr($raw), 1024);
        $add = function (string $name, string $value, $userdata) use ($verdict): int {
            $verdict->headers[$name] = $value;
            return 0;
        };
        $this->must($this->lib->stkgate_verdict_headers($this->handle, \FFI::addr($raw), $add, null), 'headers');
        $verdict->status = $raw->status;
        return $verdict;
    }

    private function filled(string $function, mixed $argument, int $capacity): string
    {
        $buffer = $this->lib->new("char[$capacity]");
        $length = $this->lib->new('size_t');
        $this->must($this->lib->$function($this->handle, $argument, $buffer, $capacity, \FFI::addr($length)), $function);
        return \FFI::string($buffer, $length->cdata);
    }

    private function must(int $result, string $what): void
    {
        if ($result < 0) {
            throw new Error("stkgate: $what: " . (function_exists('posix_strerror') ? posix_strerror(-$result) : "errno " . -$result));
        }
    }
}
