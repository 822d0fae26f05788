#!/usr/bin/perl
# A CGI program of a shop's API, behind stkgate.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Stkgate;

my $verdict = eval {
    Stkgate::check(service => 'storefront', scope => 'cart:write', from => \%ENV,
        socket => $ENV{STKGATE_HTTP});
};
if (!$verdict) {
    print STDERR $@;
    print "Status: 503\r\nRetry-After: 1\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\n\r\n",
        "The call could not be checked: try again in a moment.\n";
    exit;
}
# What this program runs has no use for credentials.
delete @ENV{qw(HTTP_X_STELLA_TOKEN HTTP_X_API_KEY HTTP_AUTHORIZATION)};

print "Status: $verdict->{status}\r\n", map { "$_->[0]: $_->[1]\r\n" } @{$verdict->{headers}};
if ($verdict->{status} != 200) {
    print "\r\n", $verdict->{body};
    exit;
}
print "Content-Type: text/plain\r\n\r\ncart of $verdict->{site}\n";
