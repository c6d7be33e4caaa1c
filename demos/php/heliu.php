<?php
/**
 * What a merchant's server needs to talk to Heliu: PHP 8.1, the extensions openssl and curl. COPY this file into your project.
 *
 *   request        POST /v2/…?merchant_id=…   the body is a JWT signed with YOUR private key
 *   answer         success: a JWT signed with the PLATFORM's private key; refusal: plain JSON, which begins with {
 *   notification   POST to your notify_url    the body is a JWT signed with the PLATFORM's private key
 */
declare(strict_types=1);

/** The gateway said no: `getCode()` is one of the table in docs/api.md. 500, 503 and 601 mean that the outcome is unknown. */
class Refused extends RuntimeException {}

/** Nobody knows whether it happened: query the order, or send the same number with the same fields again. Never order anew. */
class OutcomeUnknown extends RuntimeException {}

/** The platform did not sign this notification: nothing in it is true. */
class NotGenuine extends RuntimeException {}

class Heliu
{
    private readonly OpenSSLAsymmetricKey $private_key;
    private readonly OpenSSLAsymmetricKey $platform_key;

    /**
     * @param string $private_key your RSA private key as PEM (PKCS#1 or PKCS#8); the operator has its public half
     * @param string $platform_key the platform's public key as PEM: `data` of GET /platform_public_key
     */
    public function __construct(
        private readonly string $gateway_url,
        private readonly string $merchant_id,
        string $private_key,
        string $platform_key,
    ) {
        $this->private_key = openssl_pkey_get_private($private_key) ?: throw new InvalidArgumentException('not a private key');
        $this->platform_key = openssl_pkey_get_public($platform_key) ?: throw new InvalidArgumentException('not a public key');
    }

    /** The address of an endpoint, e.g. of /v2/pay. */
    public function url(string $path): string
    {
        return "$this->gateway_url$path?merchant_id=$this->merchant_id";
    }

    /**
     * Signs the documented fields of an endpoint, sends them, and verifies the answer before it is believed.
     *
     * @return array code, msg, data, nonce_str
     * @throws Refused, OutcomeUnknown
     */
    public function call(string $path, array $fields): array
    {
        // A random number that is never used twice, so that nobody can send a copy of the request.
        $body = $this->sign([...$fields, 'nonce_str' => bin2hex(random_bytes(16))]);
        $curl = curl_init($this->url($path));
        curl_setopt_array($curl, [
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => ['content-type: text/plain'],
            CURLOPT_RETURNTRANSFER => true,
            // Longer than the gateway waits for a channel (at most 20 s), so that we hear its answer rather than give up before it.
            CURLOPT_TIMEOUT => 30,
        ]);
        $answer = curl_exec($curl);
        if ($answer === false) {
            throw new OutcomeUnknown('The gateway does not answer: ' . curl_error($curl));
        }
        $refusal = json_decode($answer, true);
        if (is_array($refusal) && is_int($refusal['code'] ?? null)) {
            throw new Refused("code $refusal[code]: " . ($refusal['msg'] ?? ''), $refusal['code']);
        }
        try {
            return $this->read($answer);
        } catch (NotGenuine) {
            // A proxy's page, say. The gateway may have done what was asked all the same.
            $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
            throw new OutcomeUnknown("HTTP $status with a body that is no answer of the gateway: the outcome is unknown");
        }
    }

    /** Reads a JWT of the platform: a successful answer, or the body of a notification. */
    public function read(string $token): array
    {
        $parts = explode('.', trim($token));
        if (count($parts) !== 3) {
            throw new NotGenuine('this is no JWT');
        }
        [$header, $payload, $signature] = $parts;
        // The algorithm is ours to say (RS256), whatever the token's header claims. 1 alone is right: -1 is an error.
        $verified = openssl_verify("$header.$payload", self::fromBase64($signature), $this->platform_key, OPENSSL_ALGO_SHA256);
        if ($verified !== 1) {
            throw new NotGenuine('the signature is not that of the platform');
        }
        return json_decode(self::fromBase64($payload), true, 16, JSON_THROW_ON_ERROR);
    }

    private function sign(array $claims): string
    {
        $json = json_encode($claims, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
        $signed = self::toBase64('{"alg":"RS256","typ":"JWT"}') . '.' . self::toBase64($json);
        openssl_sign($signed, $signature, $this->private_key, OPENSSL_ALGO_SHA256);
        return "$signed." . self::toBase64($signature);
    }

    public static function toBase64(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    public static function fromBase64(string $text): string
    {
        return (string) base64_decode(strtr($text, '-_', '+/'), true);
    }
}
