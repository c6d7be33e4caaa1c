<?php
/**
 * The page that your notify_url leads to, in a shop on Apache or nginx. COPY it, and fill in the three places where your
 * database comes in. `php -S 127.0.0.1:8000 notify.php` serves it for a try.
 */
declare(strict_types=1);

require __DIR__ . '/heliu.php';

$heliu = new Heliu(
    (string) getenv('HELIU_URL'),
    (string) getenv('MERCHANT_ID'),
    (string) file_get_contents((string) getenv('MERCHANT_KEY_FILE')),
    (string) file_get_contents((string) getenv('PLATFORM_KEY_FILE')),
);

try {
    $order = $heliu->read((string) file_get_contents('php://input', length: 65536))['data'];
} catch (NotGenuine) {
    http_response_code(400);
    exit('not genuine');
}

/** 1. What your own books ask for this order, in fen; null when it is not yours. Never take it from the notification. */
$expected = null;

$is_ours = $expected !== null && $order['merchant_id'] === getenv('MERCHANT_ID');
if (!$is_ours || ($order['total_fee'] ?? null) !== $expected || ($order['trade_state'] ?? null) !== 0) {
    http_response_code(422);
    exit('refused');
}

/** 2. Lock the order in your database. 3. When it is not marked as paid yet, mark it, and do what is to be done, once. */

// Written down: tell me no more. Anything else, and it comes again, for two days.
echo 'success';
