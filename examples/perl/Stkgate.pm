# Stkgate.pm - ask the local stkgate daemon whether a call may pass, over its http.sock
#
#     use Stkgate;
#     my $verdict = Stkgate::check(service => 'storefront', scope => 'cart:write', from => \%ENV);
#     if ($verdict->{status} != 200) { ...answer with its status, headers and body... }
#
# Dies when no verdict could be had: refuse the call then, with 503. Core modules only.
package Stkgate;

use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOL_SOCKET SO_RCVTIMEO SO_SNDTIMEO SOCK_STREAM);

use constant { ANSWER_MAX => 65536, SECONDS => 2 };

# The fields that the verdict depends on, and the CGI variables that they come in.
my %variable = (
    'X-Stella-Token' => 'HTTP_X_STELLA_TOKEN', 'Authorization' => 'HTTP_AUTHORIZATION',
    'X-API-Key' => 'HTTP_X_API_KEY', 'X-Site-ID' => 'HTTP_X_SITE_ID', 'Origin' => 'HTTP_ORIGIN',
);

# Of an answer to the remote caller. What begins with Stkgate- is for this program.
my @passed = qw(RateLimit-Limit RateLimit-Remaining RateLimit-Reset RateLimit-Policy RateLimit Retry-After
    WWW-Authenticate Deprecation Sunset Link Cache-Control Content-Type);

sub _encoded { my ($text) = @_; $text =~ s/([^A-Za-z0-9_.-])/sprintf '%%%02X', ord $1/ge; return $text }

sub _request {
    my (%of) = @_;
    my @arguments = map { defined $of{$_} ? "$_=" . _encoded($of{$_}) : () } qw(scope cost);
    my $request = 'GET /v1/check/' . _encoded($of{service} // 'default') . '?' . join('&', @arguments) .
        " HTTP/1.1\r\nHost: stkgate\r\nConnection: close\r\n";
    for my $field (sort keys %variable) {
        my $value = $of{from}{$variable{$field}} // next;
        # A line of its own within a value would be a further field.
        die "stkgate: $field has a control character\n" if $value =~ /[\x00-\x08\x0a-\x1f\x7f]/;
        $request .= "$field: $value\r\n";
    }
    return "$request\r\n";
}

# What the daemon said to it, to the end.
sub _exchange {
    my ($path, $request) = @_;
    local $SIG{PIPE} = 'IGNORE';
    my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $path) or die "stkgate: $path: $!\n";
    my $answer = '';
    my $until = time + SECONDS;
    setsockopt $socket, SOL_SOCKET, $_, pack('l!l!', SECONDS, 0) for SO_RCVTIMEO, SO_SNDTIMEO;
    for (my $sent = 0; $sent < length $request;) {
        $sent += syswrite($socket, $request, length($request) - $sent, $sent) // die "stkgate: $path: $!\n";
    }
    while (1) {
        my $got = sysread($socket, $answer, 8192, length $answer) // die "stkgate: $path: $!\n";
        last if $got == 0;
        die "stkgate: $path: the answer does not end\n" if length $answer > ANSWER_MAX || time > $until;
    }
    return $answer;
}

# service, scope, cost; from: where the CGI variables are; socket. The verdict: status, reason, key_id,
# site, scopes, headers (pairs), body.
sub check {
    my (%of) = @_;
    my $answer = _exchange($of{socket} // '/run/stkgate/http.sock', _request(%of));
    my ($head, $body) = split /\r\n\r\n/, $answer, 2;
    my ($first, @lines) = split /\r\n/, $head // '';
    my ($status) = ($first // '') =~ m{^HTTP/1\.1 ([0-9]{3}) };
    my %field = map { /^([^:]+):\s*(.*)$/ ? (lc $1 => $2) : () } @lines;
    my $reason = $field{'stkgate-reason'};
    die "stkgate: that was no verdict: status " . ($status // 'none') . "\n"
        unless defined $status && defined $reason && ($status == 200) == ($reason eq 'ok')
        && ($field{'content-length'} // -1) == length($body // '');
    return {
        status => $status, reason => $reason, body => $body,
        key_id => $field{'stkgate-key-id'}, site => $field{'stkgate-site'}, scopes => $field{'stkgate-scopes'},
        headers => [map { defined $field{lc $_} ? ([$_, $field{lc $_}]) : () } @passed],
    };
}

1;
