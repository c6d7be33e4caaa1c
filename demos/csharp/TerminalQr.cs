/*
 * A QR code for the terminal (ISO/IEC 18004): byte mode, error correction L, versions 1 to 6, always mask 0. That is all a
 * payment link needs, and every scanner reads it. On a page use a library.
 */
using System;
using System.Linq;
using System.Text;

class TerminalQr
{
    /// <summary>Data words and error correction words of a block of versions 1 to 6 at level L.</summary>
    static readonly int[] Data = { 19, 34, 55, 80, 108, 136 };
    static readonly int[] Correction = { 7, 10, 15, 20, 26, 18 };
    const int Format = 0x77c4; // level L and mask 0
    readonly int size;
    readonly byte[] modules; // 0 not drawn yet, 1 light, 2 dark

    TerminalQr(int version)
    {
        size = 17 + 4 * version;
        modules = new byte[size * size];
    }

    /// <summary>Half blocks, black on white, with the border that scanners need; null when the text is over 134 bytes.</summary>
    public static string Draw(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        int version = 1;
        while (version <= 6 && bytes.Length > Data[version - 1] - 2) version++;
        if (version > 6) return null;
        var code = new TerminalQr(version);
        code.DrawPatterns();
        code.DrawWords(Codewords(bytes, Data[version - 1], Correction[version - 1], version == 6 ? 2 : 1));
        var picture = new StringBuilder();
        for (int row = -4; row < code.size + 4; row += 2)
        {
            picture.Append(row == -4 ? "" : "\n").Append("   \u001b[30;107m");
            for (int column = -4; column < code.size + 4; column++)
            {
                picture.Append(" ▄▀█"[(code.IsDark(row, column) ? 2 : 0) + (code.IsDark(row + 1, column) ? 1 : 0)]);
            }
            picture.Append("\u001b[0m");
        }
        return picture.ToString();
    }

    bool IsInside(int row, int column)
    {
        return row >= 0 && column >= 0 && row < size && column < size;
    }

    bool IsDark(int row, int column)
    {
        return IsInside(row, column) && modules[row * size + column] == 2;
    }

    void Set(int row, int column, bool dark)
    {
        if (IsInside(row, column)) modules[row * size + column] = (byte)(dark ? 2 : 1);
    }

    static int[] Codewords(byte[] bytes, int data, int correction, int blocks)
    {
        // Mode 0100, eight bits of length, the bytes, 0000: everything is half a byte off.
        var words = new int[data];
        words[0] = 0x40 | bytes.Length >> 4;
        words[1] = (bytes.Length & 15) << 4;
        for (int i = 0; i < bytes.Length; i++)
        {
            words[i + 1] |= bytes[i] >> 4;
            words[i + 2] = (bytes[i] & 15) << 4;
        }
        for (int i = bytes.Length + 2, pad = 0xec; i < data; i++, pad ^= 0xec ^ 0x11) words[i] = pad;
        // Blocks are interleaved: the first word of each, the second of each …
        var all = new int[data + correction * blocks];
        int each = data / blocks;
        for (int block = 0; block < blocks; block++)
        {
            var part = words.Skip(block * each).Take(each).ToArray();
            var check = CheckWords(part, correction);
            for (int i = 0; i < each; i++) all[i * blocks + block] = part[i];
            for (int i = 0; i < correction; i++) all[data + i * blocks + block] = check[i];
        }
        return all;
    }

    /// <summary>Reed-Solomon: what is left of the words after division by (x - 1)(x - 2)(x - 4) …</summary>
    static int[] CheckWords(int[] words, int count)
    {
        var divisor = new int[count + 1];
        divisor[0] = 1;
        for (int at = 0, root = 1; at < count; at++, root = Times(root, 2))
        {
            for (int i = at + 1; i > 0; i--) divisor[i] ^= Times(divisor[i - 1], root);
        }
        var rest = new int[count + 1];
        foreach (var word in words)
        {
            int lead = word ^ rest[0];
            for (int i = 0; i < count; i++) rest[i] = rest[i + 1] ^ Times(divisor[i + 1], lead);
        }
        return rest;
    }

    /// <summary>Multiplication in GF(256) modulo x⁸ + x⁴ + x³ + x² + 1.</summary>
    static int Times(int left, int right)
    {
        int product = 0;
        for (int bit = 128; bit > 0; bit >>= 1)
        {
            product = (product << 1) ^ (product >= 128 ? 0x11d : 0) ^ ((right & bit) == 0 ? 0 : left);
        }
        return product;
    }

    void DrawRings(int row, int column, int radius, params int[] light)
    {
        for (int y = -radius; y <= radius; y++)
        {
            for (int x = -radius; x <= radius; x++)
            {
                Set(row + y, column + x, !light.Contains(Math.Max(Math.Abs(y), Math.Abs(x))));
            }
        }
    }

    /// <summary>Everything that is the same in every code of a size.</summary>
    void DrawPatterns()
    {
        DrawRings(3, 3, 4, 2, 4);
        DrawRings(3, size - 4, 4, 2, 4);
        DrawRings(size - 4, 3, 4, 2, 4);
        if (size > 21) DrawRings(size - 7, size - 7, 2, 1);
        for (int at = 8; at < size - 8; at++)
        {
            Set(6, at, at % 2 == 0);
            Set(at, 6, at % 2 == 0);
        }
        for (int bit = 0; bit < 15; bit++)
        {
            bool dark = (Format >> bit & 1) == 1;
            Set(bit < 6 ? bit : bit < 8 ? bit + 1 : size - 15 + bit, 8, dark);
            Set(8, bit < 8 ? size - 1 - bit : bit == 8 ? 7 : 14 - bit, dark);
        }
        Set(size - 8, 8, true);
    }

    /// <summary>The words go up and down in columns of two, from the right, past the vertical timing line.</summary>
    void DrawWords(int[] words)
    {
        int bit = 0;
        bool upwards = true;
        for (int right = size - 1; right > 0; right -= right == 8 ? 3 : 2, upwards = !upwards)
        {
            for (int step = 0; step < size; step++)
            {
                int row = upwards ? size - 1 - step : step;
                for (int column = right; column > right - 2; column--)
                {
                    if (modules[row * size + column] != 0) continue;
                    bool dark = bit < words.Length * 8 && (words[bit >> 3] >> (7 - (bit & 7)) & 1) == 1;
                    Set(row, column, dark != ((row + column) % 2 == 0));
                    bit++;
                }
            }
        }
    }
}
