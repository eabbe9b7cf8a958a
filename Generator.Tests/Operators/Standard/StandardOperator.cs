namespace Cameo.Tests.Operators.Standard;

/// <summary>What the standard says of one version of an operator: a line of operators.txt.</summary>
internal sealed record StandardOperator(string Name, int Version, IReadOnlyList<StandardParameter> Inputs, IReadOnlyList<StandardParameter> Outputs, IReadOnlyDictionary<string, string> Types, IReadOnlyList<string> Attributes)
{
    /// <summary>Mark of type variables that may be sequences, optionals or maps too.</summary>
    private const char Containers = '~';

    /// <summary>Reads "name-version | inputs | outputs | types | attributes".</summary>
    public static StandardOperator Parse(string line)
    {
        string[] parts = line.Split('|', StringSplitOptions.TrimEntries);
        int dash = parts[0].LastIndexOf('-');
        return new StandardOperator(
            parts[0][..dash],
            int.Parse(parts[0][(dash + 1)..]),
            [.. Words(parts[1]).Select(StandardParameter.Parse)],
            [.. Words(parts[2]).Select(StandardParameter.Parse)],
            Words(parts[3]).Select(static word => word.Split('=')).ToDictionary(static pair => pair[0], static pair => pair[1].TrimEnd(Containers)),
            Words(parts[4]));
    }

    /// <summary>The domain; empty for ONNX's own.</summary>
    public string Domain => Name.LastIndexOf('.') is var dot and > 0 ? Name[..dot] : "";

    public override string ToString() => $"{Name}-{Version}";

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
