namespace Cameo.Generator;

/// <summary>The compiler: a pure function from a model's graph text to C# source, a weight recipe and diagnostics.</summary>
internal static class ModelCompiler
{
    /// <summary>Compiles one model.</summary>
    /// <param name="graphText">The text that the import wrote: the graph with the user's options in its metadata.</param>
    /// <param name="settings">The host's wishes.</param>
    /// <param name="cancellationToken">Checked between passes and between emitted members.</param>
    public static CompileResult Compile(string graphText, CompileSettings settings, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("The compiler is not in place yet.");
}
