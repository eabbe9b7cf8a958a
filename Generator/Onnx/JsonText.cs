using System.Globalization;
using System.Text;

namespace Cameo.Generator.Onnx;

/// <summary>Writes JSON values, the same on every framework and culture.</summary>
internal static class JsonText
{
    // Up to here a double, as which JSON readers take numbers, holds every integer.
    private const long MaximumExactInteger = 1L << 53;

    // A float is determined by nine digits.
    private const int MaximumDigits = 9;

    // Beyond these, numbers are written with an exponent, as in other JSON writers.
    private const int MinimumPlainExponent = -6;
    private const int MaximumPlainExponent = 15;

    public static void AppendNumber(StringBuilder text, long value)
    {
        // Protobuf JSON lets 64-bit integers be numbers or strings; strings are needed only where a double is not exact.
        bool exact = value is >= -MaximumExactInteger and <= MaximumExactInteger;
        string quote = exact ? "" : "\"";
        text.Append(quote).Append(value.ToString(CultureInfo.InvariantCulture)).Append(quote);
    }

    /// <summary>Appends the shortest number that reads back as the same float. Frameworks differ in theirs, so the digits are found here.</summary>
    public static void AppendNumber(StringBuilder text, float value)
    {
        if (float.IsNaN(value))
        {
            text.Append("\"NaN\"");
        }
        else if (float.IsInfinity(value))
        {
            text.Append(value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        }
        else if (value == 0)
        {
            text.Append(1 / value < 0 ? "-0.0" : "0");
        }
        else
        {
            AppendFinite(text, value);
        }
    }

    public static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char character in value)
        {
            switch (character)
            {
                case '"':
                    text.Append("\\\"");
                    break;
                case '\\':
                    text.Append("\\\\");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case < ' ' or (>= '\u007f' and < '\u00a0') or '\u2028' or '\u2029' or '\ufeff':
                case (>= '\ud800' and <= '\udfff'):
                    // Escapes for control characters, for what some readers take as the end of a line, and for the halves of surrogate pairs, which
                    // a text file could not hold if they were alone.
                    text.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture));
                    break;
                default:
                    text.Append(character);
                    break;
            }
        }

        text.Append('"');
    }

    private static void AppendFinite(StringBuilder text, float value)
    {
        string scientific = "";
        for (int digits = 1; digits <= MaximumDigits; digits++)
        {
            // A double's digits are exact on every framework as far as they are asked for here.
            scientific = ((double)value).ToString("E" + (digits - 1).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if ((float)double.Parse(scientific, NumberStyles.Float, CultureInfo.InvariantCulture) == value)
            {
                break;
            }
        }

        int exponentMark = scientific.IndexOf('E');
        string mantissa = scientific.Substring(0, exponentMark).Replace("-", "").Replace(".", "");
        int exponent = int.Parse(scientific.Substring(exponentMark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        text.Append(value < 0 ? "-" : "");
        if (exponent is < MinimumPlainExponent or > MaximumPlainExponent)
        {
            text.Append(mantissa[0]).Append(mantissa.Length > 1 ? "." : "").Append(mantissa, 1, mantissa.Length - 1);
            text.Append('e').Append(exponent.ToString(CultureInfo.InvariantCulture));
        }
        else if (exponent < 0)
        {
            text.Append("0.").Append('0', -exponent - 1).Append(mantissa);
        }
        else if (mantissa.Length <= exponent + 1)
        {
            text.Append(mantissa).Append('0', exponent + 1 - mantissa.Length);
        }
        else
        {
            text.Append(mantissa, 0, exponent + 1).Append('.').Append(mantissa, exponent + 1, mantissa.Length - exponent - 1);
        }
    }
}
