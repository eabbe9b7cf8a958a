using System.Globalization;

namespace Cameo.Generator.Emitting;

/// <summary>A static table of numbers that differ between the repetitions of a block and follow no rule: one line a number, one element a repetition.</summary>
internal sealed class OffsetTable(string name)
{
    private readonly List<(string Text, string Meaning)> _lines = [];
    private readonly Dictionary<string, int> _starts = new(StringComparer.Ordinal);
    private int _length;

    /// <summary>C# of the number of a repetition.</summary>
    /// <param name="values">The numbers of all repetitions.</param>
    /// <param name="index">C# of the repetition.</param>
    /// <param name="meaning">What the numbers belong to.</param>
    public string Element(long[] values, string index, string meaning)
    {
        string text = string.Join(", ", values.Select(value => value.ToString(CultureInfo.InvariantCulture)));
        if (!_starts.TryGetValue(text, out int start))
        {
            _starts[text] = start = _length;
            _length += values.Length;
            _lines.Add((text, meaning));
        }

        return start == 0 ? $"{name}[{index}]" : $"{name}[{start.ToString(CultureInfo.InvariantCulture)} + {index}]";
    }

    public void Write(CodeWriter code)
    {
        if (_lines.Count == 0)
        {
            return;
        }

        code.Line();
        code.Line("// Offsets, slots and states of repeated kernels where they follow no rule: one line each, one number a repetition.");
        code.Line($"private static ReadOnlySpan<long> {name} =>");
        code.Line("[");
        using (code.Indent())
        {
            foreach ((string text, string meaning) in _lines)
            {
                code.Line($"{text}, // {CSharpText.Comment(meaning)}");
            }
        }

        code.Line("];");
    }
}
