using System.CommandLine.Parsing;
using System.Globalization;

namespace Cameo.Demo.Commands;

/// <summary>Reads the number of an option with a message that says what is allowed.</summary>
internal static class NumberArgument
{
    public static T Parse<T>(ArgumentResult result, string name, string range, Func<T, bool> isValid)
        where T : struct, IParsable<T>
    {
        string text = result.Tokens[0].Value;
        if (T.TryParse(text, CultureInfo.InvariantCulture, out T value) && isValid(value))
        {
            return value;
        }

        result.AddError($"{name} takes a number {range}, not '{text}'.");
        return default;
    }
}
