namespace Cameo.Demo.Output;

/// <summary>A table of two columns, the second one to the right.</summary>
public sealed class TextTable
{
    private readonly List<(string Name, string Value)> _rows = [];

    public void Add(string name, string value) => _rows.Add((name, value));

    public void Write(TextWriter output)
    {
        int names = _rows.Max(row => row.Name.Length), values = _rows.Max(row => row.Value.Length);
        string line = new('─', names + 2), other = new('─', values + 2);
        output.WriteLine($"┌{line}┬{other}┐");
        foreach ((string name, string value) in _rows)
        {
            output.WriteLine($"│ {name.PadRight(names)} │ {value.PadLeft(values)} │");
        }

        output.WriteLine($"└{line}┴{other}┘");
    }
}
