<?php
/**
 * A QR code for the terminal (ISO/IEC 18004): byte mode, error correction L, versions 1 to 6, always mask 0. That is all a
 * payment link needs, and every scanner reads it. On a page use a library.
 */
declare(strict_types=1);

/** Half blocks, black on white, with the white border that scanners need; null when the text is longer than 134 bytes. */
function terminal_qr(string $text): ?string
{
    return TerminalQr::draw($text);
}

final class TerminalQr
{
    /** Data words and error correction words of a block of versions 1 to 6 at level L. */
    private const DATA = [19, 34, 55, 80, 108, 136];
    private const CORRECTION = [7, 10, 15, 20, 26, 18];
    /** Level L and mask 0. */
    private const FORMAT = 0b111011111000100;
    /** @var array<int, bool> by row * size + column: dark or not; absent while it is not drawn */
    private array $modules = [];

    private function __construct(private readonly int $size) {}

    public static function draw(string $text): ?string
    {
        $version = 1;
        while ($version <= 6 && strlen($text) > self::DATA[$version - 1] - 2) {
            $version++;
        }
        if ($version > 6) {
            return null;
        }
        $code = new self(17 + 4 * $version);
        $code->patterns();
        $code->words(self::codewords($text, self::DATA[$version - 1], self::CORRECTION[$version - 1], $version === 6 ? 2 : 1));
        $lines = [];
        for ($row = -4; $row < $code->size + 4; $row += 2) {
            $line = '';
            for ($column = -4; $column < $code->size + 4; $column++) {
                $line .= [' ', '▄', '▀', '█'][2 * (int) $code->dark($row, $column) + (int) $code->dark($row + 1, $column)];
            }
            $lines[] = "   \e[30;107m$line\e[0m";
        }
        return implode("\n", $lines);
    }

    private function dark(int $row, int $column): bool
    {
        return $row >= 0 && $column >= 0 && $column < $this->size && ($this->modules[$row * $this->size + $column] ?? false);
    }

    private function set(int $row, int $column, bool $dark): void
    {
        if ($row >= 0 && $column >= 0 && $row < $this->size && $column < $this->size) {
            $this->modules[$row * $this->size + $column] = $dark;
        }
    }

    /** @return list<int> */
    private static function codewords(string $text, int $data, int $correction, int $blocks): array
    {
        // Mode 0100, eight bits of length, the bytes, 0000: everything is half a byte off.
        $words = array_map('hexdec', str_split('4' . bin2hex(chr(strlen($text)) . $text) . '0', 2));
        for ($pad = 0xec; count($words) < $data; $pad ^= 0xec ^ 0x11) {
            $words[] = $pad;
        }
        $parts = array_chunk($words, intdiv($data, $blocks));
        $checks = array_map(fn (array $part): array => self::checkWords($part, $correction), $parts);
        // Blocks are interleaved: the first word of each, the second of each …
        $interleaved = fn (array $lists): array => count($lists) === 1 ? $lists[0] : array_merge(...array_map(null, ...$lists));
        return [...$interleaved($parts), ...$interleaved($checks)];
    }

    /** Reed-Solomon: what is left of the words after division by (x - 1)(x - 2)(x - 4) … */
    private static function checkWords(array $words, int $count): array
    {
        $divisor = [1, ...array_fill(0, $count, 0)];
        for ($at = 0, $root = 1; $at < $count; $at++, $root = self::times($root, 2)) {
            for ($i = $at + 1; $i > 0; $i--) {
                $divisor[$i] ^= self::times($divisor[$i - 1], $root);
            }
        }
        $rest = array_fill(0, $count + 1, 0);
        foreach ($words as $word) {
            $lead = $word ^ $rest[0];
            for ($i = 0; $i < $count; $i++) {
                $rest[$i] = $rest[$i + 1] ^ self::times($divisor[$i + 1], $lead);
            }
        }
        return array_slice($rest, 0, $count);
    }

    /** Multiplication in GF(256) modulo x⁸ + x⁴ + x³ + x² + 1. */
    private static function times(int $left, int $right): int
    {
        $product = 0;
        for ($bit = 128; $bit > 0; $bit >>= 1) {
            $product = ($product << 1) ^ ($product >= 128 ? 0x11d : 0) ^ (($right & $bit) === 0 ? 0 : $left);
        }
        return $product;
    }

    private function rings(int $row, int $column, int $radius, array $light): void
    {
        for ($y = -$radius; $y <= $radius; $y++) {
            for ($x = -$radius; $x <= $radius; $x++) {
                $this->set($row + $y, $column + $x, !in_array(max(abs($y), abs($x)), $light, true));
            }
        }
    }

    /** Everything that is the same in every code of a size. */
    private function patterns(): void
    {
        $size = $this->size;
        $this->rings(3, 3, 4, [2, 4]);
        $this->rings(3, $size - 4, 4, [2, 4]);
        $this->rings($size - 4, 3, 4, [2, 4]);
        if ($size > 21) {
            $this->rings($size - 7, $size - 7, 2, [1]);
        }
        for ($at = 8; $at < $size - 8; $at++) {
            $this->set(6, $at, $at % 2 === 0);
            $this->set($at, 6, $at % 2 === 0);
        }
        for ($bit = 0; $bit < 15; $bit++) {
            $dark = (self::FORMAT >> $bit & 1) === 1;
            $this->set($bit < 6 ? $bit : ($bit < 8 ? $bit + 1 : $size - 15 + $bit), 8, $dark);
            $this->set(8, $bit < 8 ? $size - 1 - $bit : ($bit === 8 ? 7 : 14 - $bit), $dark);
        }
        $this->set($size - 8, 8, true);
    }

    /** The words go up and down in columns of two, from the right, past the vertical timing line. */
    private function words(array $words): void
    {
        $bit = 0;
        $upwards = true;
        for ($right = $this->size - 1; $right > 0; $right -= $right === 8 ? 3 : 2, $upwards = !$upwards) {
            for ($step = 0; $step < $this->size; $step++) {
                $row = $upwards ? $this->size - 1 - $step : $step;
                foreach ([$right, $right - 1] as $column) {
                    if (isset($this->modules[$row * $this->size + $column])) {
                        continue;
                    }
                    $dark = (($words[$bit >> 3] ?? 0) >> (7 - ($bit & 7)) & 1) === 1;
                    $this->set($row, $column, $dark !== (($row + $column) % 2 === 0));
                    $bit++;
                }
            }
        }
    }
}
