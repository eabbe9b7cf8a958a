namespace Cameo.Generator.Emitting;

/// <summary>Writes methods that return descriptions.</summary>
internal static class DescriptionList
{
    /// <summary>Items that one method makes; longer lists are split over methods.</summary>
    private const int ItemsPerMethod = 50;

    /// <param name="code">The class.</param>
    /// <param name="method">Name of the method.</param>
    /// <param name="type">Type of the items.</param>
    /// <param name="items">C# that makes each.</param>
    public static void Write(CodeWriter code, string method, string type, IReadOnlyList<string> items)
    {
        code.Line();
        if (items.Count <= ItemsPerMethod)
        {
            WriteItems(code, method, type, items);
            return;
        }

        int parts = (items.Count + ItemsPerMethod - 1) / ItemsPerMethod;
        code.Line($"private static {type}[] {method}() => [{string.Join(", ", Enumerable.Range(0, parts).Select(part => $".. {method}{part}()"))}];");
        for (int part = 0; part < parts; part++)
        {
            code.Line();
            WriteItems(code, $"{method}{part}", type, [.. items.Skip(part * ItemsPerMethod).Take(ItemsPerMethod)]);
        }
    }

    private static void WriteItems(CodeWriter code, string method, string type, IReadOnlyList<string> items)
    {
        if (items.Count == 0)
        {
            code.Line($"private static {type}[] {method}() => [];");
            return;
        }

        code.Line($"private static {type}[] {method}() =>");
        code.Line("[");
        using (code.Indent())
        {
            foreach (string item in items)
            {
                code.Line($"{item},");
            }
        }

        code.Line("];");
    }
}
