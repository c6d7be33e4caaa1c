<?php
/**
 * A first payment with Heliu in PHP 8.1 or newer with the extensions openssl and curl, no Composer:  php demo.php [PAY_TYPE] [--by-hand]
 *
 * COPY heliu.php: it signs calls and verifies answers and notifications. This file is the story; terminal-qr.php draws the
 * code. A notify_url in a real shop is a page of your web server: see notify.php.
 */
declare(strict_types=1);

require __DIR__ . '/heliu.php';
require __DIR__ . '/terminal-qr.php';

const TOTAL_FEE = 221; // in fen: 2.21 yuan
const HELP = <<<'TEXT'
    php demo.php [PAY_TYPE] [--by-hand]

      PAY_TYPE    wechat.scan (default) or alipay.scan
      --by-hand   you pay it yourself in the wallet page

    Settings: the sandbox's file $HELIU_HOME/sandbox.json (HELIU_HOME is .heliu unless it is set), or without it
    HELIU_URL, MERCHANT_ID, MERCHANT_KEY_FILE and PLATFORM_KEY_FILE (PEM), and CONTROL_URL for the simulated phone.
    TEXT;

/** Something to tell the person in front of the screen, without a stack. */
class Explained extends RuntimeException {}

function story(Heliu $heliu, NotifyServer $server, string $control_url, string $pay_type, bool $by_hand): void
{
    // A number of yours, unique for ever. Store the order under it before you call: whatever happens, you can query it.
    $number = 'demo.php.' . (int) (microtime(true) * 1000);

    step('1  Place the order');
    $placed = call($heliu, '/v2/pay', [
        'pay_type' => $pay_type,
        'mch_trade_id' => $number,
        'total_fee' => TOTAL_FEE,
        'body' => 'Heliu demo, one coffee',
        'spbill_create_ip' => '127.0.0.1',
        'notify_url' => "$server->url/paid",
        'attach' => 'comes back in the notification',
    ]);
    $code_url = $placed['code_url'] ?? throw new Explained("$pay_type gives no code to scan: take wechat.scan or alipay.scan.");

    step('2  The payer scans the code');
    echo terminal_qr($code_url) ?? '   (too long for a code in this terminal)', "\n\n   $code_url\n\n";
    if ($by_hand) {
        echo "   Open the wallet page and pay it there:\n   $control_url\n";
    } else {
        scan($control_url, $code_url);
    }

    step('3  The notification arrives');
    $paid = $server->next('/paid', $by_hand ? 7200 : 90);
    // Compare with your own books before you ship anything: number, amount, state.
    expect('the order', $paid['mch_trade_id'], $number);
    expect('the amount', $paid['total_fee'], TOTAL_FEE);
    expect('trade_state (0 is paid)', $paid['trade_state'], 0);

    step('4  A forged notification arrives: the same one, with another amount');
    echo '   ✓ refused: ', $server->sendForgery(), "\n";

    step('5  Query the order');
    expect('trade_state (0 is paid)', call($heliu, '/v2/pay/query', ['mch_trade_id' => $number])['trade_state'], 0);

    step('6  Refund it');
    $refunded = call($heliu, '/v2/pay/refund', [
        'mch_trade_id' => $number,
        'mch_refund_id' => "$number.refund.1",
        'refund_fee' => TOTAL_FEE,
        'refund_desc' => 'the demo is over',
        'notify_url' => "$server->url/refunded",
    ]);
    expect('trade_state (1 is being refunded)', $refunded['trade_state'], 1);

    step('7  The notification of the refund arrives');
    expect('refund_status (0 is refunded)', $server->next('/refunded', 90)['refunds']['refund_status'], 0);

    step('8  Query the order again');
    expect('refunded_fee', call($heliu, '/v2/pay/query', ['mch_trade_id' => $number])['refunded_fee'], TOTAL_FEE);
    echo "\nPaid, notified, refunded, notified. Everything was signed and verified.\n";
}

/** Calls the gateway and shows what went out and what came back. */
function call(Heliu $heliu, string $path, array $fields): array
{
    echo '   POST ', $heliu->url($path), "  as a signed JWT\n", pretty($fields), "\n";
    $answer = $heliu->call($path, $fields);
    echo "   → ✓ signed by the platform\n", pretty($answer), "\n";
    return $answer['data'];
}

/**
 * The merchant's server: takes notifications, believes only what the platform signed, and acts on each of them once. A real
 * one is your web server; this one serves a single connection at a time.
 */
class NotifyServer
{
    public readonly string $url;
    /** @var resource */
    private $socket;
    // In a real shop this is a unique key in the database of your orders. A repeat carries the same nonce_str.
    private array $seen = [];
    private array $arrived = [];
    private string $last_body = '';

    public function __construct(private readonly Heliu $heliu)
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0', $code, $message);
        if ($socket === false) {
            throw new Explained("No port to listen on: $message");
        }
        $this->socket = $socket;
        $this->url = 'http://' . stream_socket_get_name($socket, false);
    }

    /** The data of the next notification that arrives at a path. */
    public function next(string $path, int $seconds): array
    {
        $until = microtime(true) + $seconds;
        while (!isset($this->arrived[$path])) {
            $connection = @stream_socket_accept($this->socket, max(0.0, $until - microtime(true)));
            if ($connection === false) {
                throw new Explained("No notification came to $this->url$path.");
            }
            $this->serve($connection);
        }
        return $this->arrived[$path];
    }

    /** What anybody can do who knows our notify_url: send what arrived before, with another amount in it. */
    public function sendForgery(): string
    {
        [$header, $payload, $signature] = explode('.', $this->last_body);
        $claims = json_decode(Heliu::fromBase64($payload), true);
        $claims['data']['total_fee'] = 1;
        $claims['nonce_str'] = str_repeat('f', 24);
        $body = "$header." . Heliu::toBase64(json_encode($claims)) . ".$signature";
        $sender = stream_socket_client('tcp://' . substr($this->url, 7));
        fwrite($sender, "POST /paid HTTP/1.1\r\nHost: demo\r\nContent-Length: " . strlen($body) . "\r\n\r\n$body");
        $this->serve(stream_socket_accept($this->socket, 5));
        [$head, $answer] = explode("\r\n\r\n", stream_get_contents($sender));
        $status = explode(' ', $head)[1];
        if ($status === '200') {
            throw new Explained('A forged notification was taken for genuine.');
        }
        return "$answer (HTTP $status)";
    }

    /** @param resource $connection */
    private function serve($connection): void
    {
        stream_set_timeout($connection, 5);
        $path = explode(' ', (string) fgets($connection))[1] ?? '/';
        $length = 0;
        while (($line = trim((string) fgets($connection))) !== '') {
            if (preg_match('/^content-length: *(\d+)$/i', $line, $match) === 1) {
                $length = min((int) $match[1], 65536);
            }
        }
        $body = $length > 0 ? (string) stream_get_contents($connection, $length) : '';
        try {
            $this->take($path, $body);
            // "Written down, tell me no more." Anything else, and Heliu repeats it, for two days.
            [$status, $answer] = ['200 OK', 'success'];
        } catch (NotGenuine $error) {
            [$status, $answer] = ['400 Bad Request', $error->getMessage()];
        }
        fwrite($connection, "HTTP/1.1 $status\r\nContent-Type: text/plain\r\nContent-Length: " . strlen($answer));
        fwrite($connection, "\r\nConnection: close\r\n\r\n$answer");
        fclose($connection);
    }

    private function take(string $path, string $body): void
    {
        $message = $this->heliu->read($body);
        if (isset($this->seen[$message['nonce_str']])) {
            return;
        }
        $this->seen[$message['nonce_str']] = true;
        echo "   POST $this->url$path  ✓ signed by the platform; answered: success\n", pretty($message), "\n";
        $this->last_body = $body;
        $this->arrived[$path] = $message['data'];
    }
}

/** The sandbox's own control: what a person does with a phone, as HTTP. It exists in the sandbox alone. */
function scan(string $control_url, string $code): void
{
    $curl = curl_init("$control_url/control/scan");
    curl_setopt_array($curl, [
        CURLOPT_POSTFIELDS => json_encode(['code' => $code, 'action' => 'pay']),
        CURLOPT_HTTPHEADER => ['content-type: application/json'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 20,
    ]);
    $answer = curl_exec($curl);
    echo "   POST $control_url/control/scan  the simulated phone\n     $answer\n";
    if (curl_getinfo($curl, CURLINFO_RESPONSE_CODE) !== 200) {
        throw new Explained("The simulated phone refused: $answer");
    }
}

/** From plain variables when HELIU_URL is set, else from the sandbox's file. */
function settings(): array
{
    if (getenv('HELIU_URL')) {
        foreach (['MERCHANT_ID', 'MERCHANT_KEY_FILE', 'PLATFORM_KEY_FILE'] as $name) {
            if (!getenv($name)) {
                throw new Explained("With HELIU_URL, set $name too.");
            }
        }
        $key = file_get_contents(getenv('MERCHANT_KEY_FILE'));
        $platform_key = file_get_contents(getenv('PLATFORM_KEY_FILE'));
        return [getenv('HELIU_URL'), getenv('MERCHANT_ID'), $key, $platform_key, (string) getenv('CONTROL_URL')];
    }
    $home = getenv('HELIU_HOME') ?: '.heliu';
    $file = (str_starts_with($home, '/') ? $home : getcwd() . "/$home") . '/sandbox.json';
    if (!is_file($file)) {
        throw new Explained("There is no $file. Start the sandbox first: npm start, with the same HELIU_HOME.");
    }
    ['gateway' => $gateway, 'merchant' => $merchant, 'simulators' => $simulators] = json_decode(file_get_contents($file), true);
    $keys = [$merchant['private_key'], $gateway['platform_public_key']];
    return [$gateway['url'], $merchant['merchant_id'], ...$keys, $simulators['url']];
}

function expect(string $what, mixed $found, mixed $wanted): void
{
    if ($found !== $wanted) {
        throw new Explained("$what: expected $wanted, found $found");
    }
    echo "   ✓ $what: $found\n";
}

function step(string $title): void
{
    echo "\n$title\n\n";
}

function pretty(array $value): string
{
    $json = json_encode($value, JSON_PRETTY_PRINT | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
    return preg_replace('/^/m', '     ', $json) . "\n";
}

function main(array $arguments): int
{
    $words = array_values(array_diff($arguments, ['--by-hand', '--help']));
    if (in_array('--help', $arguments, true)) {
        echo HELP, "\n";
        return 0;
    }
    try {
        if (count($words) > 1 || str_starts_with($words[0] ?? '', '-')) {
            throw new Explained(HELP);
        }
        foreach (['openssl', 'curl'] as $extension) {
            if (!extension_loaded($extension)) {
                throw new Explained("PHP has no extension $extension here. On Debian: apt-get install php-cli php-curl");
            }
        }
        [$url, $merchant_id, $private_key, $platform_key, $control_url] = settings();
        $heliu = new Heliu($url, $merchant_id, $private_key, $platform_key);
        $by_hand = in_array('--by-hand', $arguments, true);
        story($heliu, new NotifyServer($heliu), $control_url, $words[0] ?? 'wechat.scan', $by_hand);
        return 0;
    } catch (Explained | Refused | NotGenuine | OutcomeUnknown $error) {
        fwrite(STDERR, "\n" . $error->getMessage() . "\n");
        return 1;
    }
}

exit(main(array_slice($argv, 1)));
