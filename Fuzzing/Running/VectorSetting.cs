namespace Cameo.Fuzzing.Running;

/// <summary>A width of vectors, brought about by a variable of the process.</summary>
/// <param name="Name">What reports and the command line call it.</param>
/// <param name="Variable">Name of the variable; empty for the machine's own width.</param>
/// <param name="Value">Its value.</param>
internal sealed record VectorSetting(string Name, string Variable, string Value)
{
    public static VectorSetting Widest { get; } = new("widest", "", "");

    /// <summary>The machine's own width most often: it is what most people run.</summary>
    public static IReadOnlyList<VectorSetting> Cycle { get; } =
    [
        Widest, new("256", "DOTNET_PreferredVectorBitWidth", "256"), Widest, new("128", "DOTNET_PreferredVectorBitWidth", "128"), Widest,
        new("without-avx2", "DOTNET_EnableAVX2", "0"), Widest, new("scalar", "DOTNET_EnableHWIntrinsic", "0"),
    ];

    public static VectorSetting Find(string name) => Cycle.FirstOrDefault(setting => setting.Name == name) ?? throw new ArgumentException($"No setting of vectors is called '{name}'.");
}
