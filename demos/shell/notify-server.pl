#!/usr/bin/perl
# The HTTP server of demo.sh:  perl notify-server.pl FOLDER COMMAND...
# It listens on a free port of 127.0.0.1, writes its address to FOLDER/url, and answers each POST with what COMMAND prints when
# it is given the path, a file with the body, and FOLDER: status 200 when COMMAND succeeds, else 400.
use strict;
use warnings;
use IO::Socket::INET;

my ($folder, @command) = @ARGV;
my $server = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1)
    or die "no port to listen on: $!";
write_file("$folder/url.new", 'http://127.0.0.1:' . $server->sockport);
rename "$folder/url.new", "$folder/url";

while (my $client = $server->accept) {
    local $SIG{ALRM} = sub { close $client };
    alarm 5;
    my ($path) = (<$client> // '') =~ m{^POST (/[\w/]*) };
    my $length = 0;
    while (defined(my $line = <$client>)) {
        last if $line =~ /^\r?\n$/;
        $length = $1 if $line =~ /^content-length: *(\d{1,5})\r?$/i;
    }
    my $body = '';
    read $client, $body, $length if $length > 0;
    alarm 0;
    next unless defined $path;
    write_file("$folder/body", $body);
    # A list, not a text: no shell reads what strangers send.
    open my $output, '-|', @command, $path, "$folder/body", $folder or die "cannot run $command[0]: $!";
    my $answer = do { local $/; <$output> } // '';
    $answer =~ s/\s+$//;
    my $status = close $output ? '200 OK' : '400 Bad Request';
    print $client "HTTP/1.1 $status\r\nContent-Type: text/plain\r\nContent-Length: " . length($answer)
        . "\r\nConnection: close\r\n\r\n$answer";
    close $client;
}

sub write_file {
    my ($file, $text) = @_;
    open my $handle, '>', $file or die "cannot write $file: $!";
    print $handle $text;
    close $handle;
}
