using System.Globalization;
using System.Text.RegularExpressions;

namespace Cameo.Generator.Outlining;

/// <summary>
/// What the names of repeated things have in common: <c>layers.0.key</c>, <c>layers.1.key</c>, … are <c>layers.{0..29}.key</c>. Every number in the names either
/// stays or grows by the same step from one name to the next.
/// </summary>
internal sealed class NamePattern
{
    private static readonly Regex Numbers = new("[0-9]+", RegexOptions.CultureInvariant);

    private readonly string[] _texts;
    private readonly long[] _first;
    private readonly long[] _steps;
    private readonly int _count;

    private NamePattern(string[] texts, long[] first, long[] steps, int count)
    {
        _texts = texts;
        _first = first;
        _steps = steps;
        _count = count;
    }

    /// <summary>The text before the first number that grows by 1; empty where none does.</summary>
    public string CountedPrefix
    {
        get
        {
            int number = Array.IndexOf(_steps, 1);
            return number < 0 ? "" : _texts[number];
        }
    }

    /// <summary>The pattern of names, or null where they have none.</summary>
    public static NamePattern? Find(IReadOnlyList<string> names)
    {
        string[] texts = Numbers.Split(names[0]);
        long[]? first = ReadNumbers(names[0]);
        if (first is null || names.Count < 2)
        {
            return first is null ? null : new NamePattern(texts, first, new long[first.Length], names.Count);
        }

        long[]? second = ReadNumbers(names[1]);
        if (second is null || second.Length != first.Length)
        {
            return null;
        }

        long[] steps = [.. second.Select((number, index) => number - first[index])];
        var pattern = new NamePattern(texts, first, steps, names.Count);
        for (int index = 0; index < names.Count; index++)
        {
            if (pattern.Name(index) != names[index])
            {
                return null;
            }
        }

        return pattern;
    }

    /// <summary>The name of one repetition.</summary>
    public string Name(int repetition) => Format(number => (_first[number] + repetition * _steps[number]).ToString(CultureInfo.InvariantCulture));

    /// <summary>The name without the numbers that change.</summary>
    public string Common() => Format(number => _steps[number] == 0 ? _first[number].ToString(CultureInfo.InvariantCulture) : "");

    /// <summary>The name with what a repetition's number makes of the numbers that change, say as C# of an interpolated string.</summary>
    public string Interpolate(Func<string, string> literal, string variable)
    {
        string text = literal(_texts[0]);
        for (int number = 0; number < _first.Length; number++)
        {
            string first = _first[number].ToString(CultureInfo.InvariantCulture);
            string product = _steps[number] == 1 ? variable : $"{variable} * {_steps[number].ToString(CultureInfo.InvariantCulture)}";
            text += (_steps[number] == 0 ? literal(first) : _first[number] == 0 ? $"{{{product}}}" : $"{{{first} + {product}}}") + literal(_texts[number + 1]);
        }

        return text;
    }

    /// <summary>"layers.{0..29}.key".</summary>
    public override string ToString() => Format(number =>
    {
        string first = _first[number].ToString(CultureInfo.InvariantCulture);
        string last = (_first[number] + (_count - 1) * _steps[number]).ToString(CultureInfo.InvariantCulture);
        return _steps[number] switch
        {
            0 => first,
            1 => $"{{{first}..{last}}}",
            _ => $"{{{first}, {(_first[number] + _steps[number]).ToString(CultureInfo.InvariantCulture)}..{last}}}",
        };
    });

    private static long[]? ReadNumbers(string name)
    {
        MatchCollection matches = Numbers.Matches(name);
        var numbers = new long[matches.Count];
        for (int index = 0; index < numbers.Length; index++)
        {
            // Numbers with leading zeros or too many digits are text that happens to be digits; names with such have no pattern.
            if (!long.TryParse(matches[index].Value, NumberStyles.None, CultureInfo.InvariantCulture, out numbers[index])
                || numbers[index].ToString(CultureInfo.InvariantCulture) != matches[index].Value || numbers[index] > int.MaxValue)
            {
                return null;
            }
        }

        return numbers;
    }

    private string Format(Func<int, string> number) => _texts[0] + string.Concat(_first.Select((_, index) => number(index) + _texts[index + 1]));
}
