using System.Globalization;
using System.Numerics;
using Cameo.Sessions;

namespace Cameo.Kernels;

/// <summary>Converts between strings and numbers (ONNX's Cast).</summary>
public static unsafe class TextConversion
{
    // Room for every number: the longest are plain decimals of double precision.
    private const int LongestNumber = 64;

    /// <summary>
    /// Writes numbers as texts: integers in full; floating-point numbers with as few digits as tell them apart, plain between 1e-4 and 1e16 ("1.0") and scientific outside ("1e-05");
    /// NaN, INF, -INF.
    /// </summary>
    /// <typeparam name="T">long, ulong, float, double or Half.</typeparam>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">The numbers.</param>
    /// <param name="count">How many.</param>
    /// <param name="output">Handles of their texts.</param>
    public static void Write<T>(SessionTexts texts, T* input, long count, long* output)
        where T : unmanaged, INumber<T>
    {
        Span<char> buffer = stackalloc char[LongestNumber];
        for (long index = 0; index < count; index++)
        {
            T number = input[index];
            output[index] = T.IsNaN(number) ? texts.Handle("NaN")
                : T.IsInfinity(number) ? texts.Handle(T.IsNegative(number) ? "-INF" : "INF")
                : texts.Handle(buffer[..(T.IsInteger(T.CreateTruncating(0.5)) ? WriteInteger(number, buffer) : WriteFloating(number, buffer))]);
        }
    }

    /// <summary>Writes truth values as "True" and "False".</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">The truth values.</param>
    /// <param name="count">How many.</param>
    /// <param name="output">Handles of their texts.</param>
    public static void Write(SessionTexts texts, bool* input, long count, long* output)
    {
        for (long index = 0; index < count; index++)
        {
            output[index] = texts.Handle(input[index] ? "True" : "False");
        }
    }

    /// <summary>Reads numbers: plain or scientific, NaN, INF and -INF in any case. What stands behind the point is cut off for integers.</summary>
    /// <typeparam name="T">long, ulong, float or double.</typeparam>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">Handles of the texts.</param>
    /// <param name="count">How many.</param>
    /// <param name="output">The numbers.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="FormatException">A text is no number, or an integer outside the type's range.</exception>
    public static void Read<T>(SessionTexts texts, long* input, long count, T* output, string node)
        where T : unmanaged, INumber<T>
    {
        for (long index = 0; index < count; index++)
        {
            string text = texts[input[index]];
            output[index] = TryRead(text, out T number) ? number : throw Fault(node, index, text);
        }
    }

    /// <summary>Reads truth values: "true" and "false" in any case, and numbers, of which 0 is false.</summary>
    /// <param name="texts">The session's texts.</param>
    /// <param name="input">Handles of the texts.</param>
    /// <param name="count">How many.</param>
    /// <param name="output">The truth values.</param>
    /// <param name="node">The node's name, for exceptions.</param>
    /// <exception cref="FormatException">A text is neither.</exception>
    public static void Read(SessionTexts texts, long* input, long count, bool* output, string node)
    {
        for (long index = 0; index < count; index++)
        {
            string text = texts[input[index]];
            output[index] = bool.TryParse(text, out bool truth) ? truth : TryRead(text, out double number) ? number != 0 : throw Fault(node, index, text);
        }
    }

    private static FormatException Fault(string node, long index, string text) => new($"{node}: element {index} is '{text}', which is no value of the type it is converted to.");

    private static bool TryRead<T>(ReadOnlySpan<char> text, out T number)
        where T : unmanaged, INumber<T>
    {
        if (T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number))
        {
            return true;
        }

        text = text.Trim();
        ReadOnlySpan<char> unsigned = text.Length > 0 && text[0] is '+' or '-' ? text[1..] : text;
        double special = unsigned.Equals("INF", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase)
            ? (text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity)
            : unsigned.Equals("NaN", StringComparison.OrdinalIgnoreCase) ? double.NaN : 0;
        if (typeof(T) == typeof(float) || typeof(T) == typeof(double))
        {
            number = T.CreateTruncating(special);
            return special != 0;
        }

        // "100.5" and "1e3" as integers; the first double beyond the largest integers is not one of them.
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double exact) || !double.IsFinite(exact))
        {
            return false;
        }

        exact = Math.Truncate(exact);
        bool fits = typeof(T) == typeof(ulong) ? exact is >= 0 and < 18446744073709551616.0 : exact is >= -9223372036854775808.0 and < 9223372036854775808.0;
        number = fits ? T.CreateTruncating(exact) : T.Zero;
        return fits;
    }

    private static int WriteInteger<T>(T number, Span<char> buffer)
        where T : INumber<T> => number.TryFormat(buffer, out int written, "D", CultureInfo.InvariantCulture) ? written : 0;

    private static int WriteFloating<T>(T number, Span<char> buffer)
        where T : INumber<T>
    {
        // The shortest digits that tell the number apart, in whichever form; then brought into one form.
        Span<char> shortest = stackalloc char[LongestNumber];
        number.TryFormat(shortest, out int length, "R", CultureInfo.InvariantCulture);
        Span<char> digits = stackalloc char[LongestNumber];
        int count = 0;
        int point = -1;
        int exponent = 0;
        for (int index = T.IsNegative(number) ? 1 : 0; index < length; index++)
        {
            if (shortest[index] == '.')
            {
                point = count;
            }
            else if (shortest[index] == 'E')
            {
                exponent = int.Parse(shortest[(index + 1)..length], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
                break;
            }
            else
            {
                digits[count++] = shortest[index];
            }
        }

        point = (point < 0 ? count : point) + exponent;
        int zeros = 0;
        while (zeros < count - 1 && digits[zeros] == '0')
        {
            zeros++;
        }

        ReadOnlySpan<char> significant = digits[zeros..count].TrimEnd('0');
        return Compose(T.IsNegative(number), significant, point - zeros, buffer);
    }

    /// <summary>Writes 0.<paramref name="digits"/> × 10^<paramref name="point"/>.</summary>
    private static int Compose(bool isNegative, ReadOnlySpan<char> digits, int point, Span<char> buffer)
    {
        const int LargestPlain = 16, SmallestPlain = -3;
        int length = 0;
        if (isNegative)
        {
            buffer[length++] = '-';
        }

        if (digits.IsEmpty)
        {
            "0.0".CopyTo(buffer[length..]);
            return length + 3;
        }

        bool isPlain = point is >= SmallestPlain and <= LargestPlain;
        int whole = isPlain ? point : 1;
        if (whole <= 0)
        {
            buffer[length++] = '0';
        }

        for (int index = 0; index < whole; index++)
        {
            buffer[length++] = index < digits.Length ? digits[index] : '0';
        }

        if (isPlain || digits.Length > 1)
        {
            buffer[length++] = '.';
        }

        for (int index = whole; index < 0; index++)
        {
            buffer[length++] = '0';
        }

        for (int index = Math.Max(whole, 0); index < digits.Length; index++)
        {
            buffer[length++] = digits[index];
        }

        if (isPlain)
        {
            if (whole >= digits.Length)
            {
                buffer[length++] = '0';
            }

            return length;
        }

        buffer[length++] = 'e';
        buffer[length++] = point <= 0 ? '-' : '+';
        Math.Abs(point - 1).TryFormat(buffer[length..], out int written, "00", CultureInfo.InvariantCulture);
        return length + written;
    }
}
